//! Guests go on from the saved state of another one: that must not show.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use guest::Guest;

#[test]
fn two_guests_from_one_state_have_nothing_in_common() {
    let guests = ["one", "two", "three"].map(|name| {
        // One after the other: of the first, if it is the first of all, the state is saved.
        let guest = Guest::debian12().without_product().host_name(name).file("/etc/mine", name).boot();
        let of_itself = guest.root("cat /etc/hostname /etc/mine").ok();
        assert_eq!(of_itself, format!("{name}\n{name}"));

        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let date: u64 = guest.root("date +%s").ok().trim().parse().unwrap();
        let apart = Duration::from_secs(date).abs_diff(now);
        assert!(apart < Duration::from_secs(10), "the clock is {apart:?} wrong");

        let restored = guest.root("dmesg | grep -c 'virtual machine fork'").stdout.trim() == "1";
        let random = guest.root("cat /proc/sys/kernel/random/boot_id; od -An -tx1 -N16 /dev/urandom").ok();
        (restored, random)
    });
    println!("{guests:?}");
    assert!(guests[1].0 && guests[2].0, "they do go on from a state");
    assert_ne!(guests[1].1, guests[2].1);
}
