//! A key's reports, any bytes in any order, while a request is in flight: framing never panics and holds no more than one message.
#![no_main]

use ctap::hid::{Channel, Command, Event, MAX_MESSAGE_LEN, REPORT_LEN};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let mut channel = Channel::new();
    channel.init([7; 8]);
    for report in data.chunks(REPORT_LEN) {
        match channel.handle_report(report) {
            Ok(Some(Event::Response { payload, .. })) => assert!(payload.len() <= MAX_MESSAGE_LEN),
            Ok(_) => {}
            Err(_) => channel.init([7; 8]),
        }
        if channel.cid().is_some() && !channel.is_busy() {
            channel.request(Command::Cbor, &[4]).expect("an idle channel takes a short request");
        }
        while channel.next_report().is_some() {}
    }
});
