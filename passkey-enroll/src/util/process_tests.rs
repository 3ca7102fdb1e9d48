use std::convert::Infallible;
use std::process::Command;

use super::*;

#[test]
fn the_end_the_event_or_the_time_whichever_comes_first() {
    let mut quick = Command::new("sh").args(["-c", "exit 3"]).spawn().unwrap();
    let Waited::Ended(status) = wait(&mut quick, Duration::from_secs(60), || Ok(None::<Infallible>)).unwrap()
    else {
        panic!("it has not ended")
    };
    assert_eq!(status.code(), Some(3));

    let mut slow = Command::new("sleep").arg("600").spawn().unwrap();
    let mut asked = 0;
    let third = || {
        asked += 1;
        Ok((asked == 3).then_some("third"))
    };
    let waited = wait(&mut slow, Duration::from_secs(60), third).unwrap();
    assert!(matches!(waited, Waited::Event("third")), "{waited:?}");
    assert!(slow.try_wait().unwrap().is_none(), "it still runs");
    assert!(matches!(
        wait(&mut slow, Duration::from_millis(50), || Ok(None::<Infallible>)).unwrap(),
        Waited::TimedOut
    ));
    assert!(slow.try_wait().unwrap().is_some(), "it was killed and seen to end");
}
