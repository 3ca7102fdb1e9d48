//! A key's reports, any bytes in any order, while a request is in flight: framing never panics and holds no more than one message.

use ctap::hid::{Channel, Command, Event, MAX_MESSAGE_LEN, REPORT_LEN};

/// Whether a whole reply has come.
pub fn run(data: &[u8]) -> bool {
    let mut has_come = false;
    let mut channel = Channel::new();
    channel.init([7; 8]);
    for report in data.chunks(REPORT_LEN) {
        match channel.handle_report(report) {
            Ok(Some(Event::Response { payload, .. })) => {
                assert!(payload.len() <= MAX_MESSAGE_LEN);
                has_come = true;
            }
            Ok(_) => {}
            Err(_) => channel.init([7; 8]),
        }
        if channel.cid().is_some() && !channel.is_busy() {
            channel.request(Command::Cbor, &[4]).expect("an idle channel takes a short request");
        }
        while channel.next_report().is_some() {}
    }
    has_come
}
