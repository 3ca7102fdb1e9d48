//! `struct uhid_event` of `linux/uhid.h` as bytes: packed, in the machine's byte order.

use crate::{KeyConfig, Report};

/// `sizeof(struct uhid_event)`: that of `UHID_CREATE2`, rounded up to whole 64-bit words behind the type.
pub const EVENT_LEN: usize = 4 + (128 + 64 + 64 + 2 + 2 + 4 * 4 + 4096_usize).next_multiple_of(8);

const DESTROY: u32 = 1;
const START: u32 = 2;
const STOP: u32 = 3;
const OPEN: u32 = 4;
const CLOSE: u32 = 5;
const OUTPUT: u32 = 6;
const GET_REPORT: u32 = 9;
const GET_REPORT_REPLY: u32 = 10;
const CREATE2: u32 = 11;
const INPUT2: u32 = 12;
const SET_REPORT: u32 = 13;
const SET_REPORT_REPLY: u32 = 14;

/// `UHID_OUTPUT_REPORT` among the types of a report.
const OUTPUT_REPORT: u8 = 1;

const BUS_USB: u16 = 3;
const EIO: u16 = 5;

/// The report descriptor of CTAP 2.1 §11.2.8.1: usage page 0xF1D0, usage 1, 64 bytes in and out, no report number.
pub const REPORT_DESCRIPTOR: [u8; 34] = [
    0x06, 0xd0, 0xf1, 0x09, 0x01, 0xa1, 0x01, 0x09, 0x20, 0x15, 0x00, 0x26, 0xff, 0x00, 0x75, 0x08, 0x95,
    0x40, 0x81, 0x02, 0x09, 0x21, 0x15, 0x00, 0x26, 0xff, 0x00, 0x75, 0x08, 0x95, 0x40, 0x91, 0x02, 0xc0,
];

/// What the kernel tells a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The driver has started the device.
    Start,
    /// The driver has stopped it: the device is gone.
    Stop,
    /// The first user has opened it.
    Open,
    /// The last user has closed it.
    Close,
    /// An output report, without its report number.
    Output(Report),
    /// A feature report is asked for; a FIDO key has none.
    GetReport {
        /// To be repeated in the reply.
        id: u32,
    },
    /// A report is to be set. The kernel waits up to 5 s for the reply, and the program that writes with it.
    SetReport {
        /// To be repeated in the reply.
        id: u32,
        /// An output report, without its report number: they come so to a device without an interrupt OUT endpoint
        /// (`HID_QUIRK_NO_OUTPUT_REPORTS_ON_INTR_EP`). None for a feature report; a FIDO key has none.
        report: Option<Report>,
    },
    /// An event of another type, or an output report that is none of CTAPHID.
    Other(u32),
}

impl Event {
    /// Read an event; None if it is cut short.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let kind = word(bytes, 0)?;
        Some(match kind {
            START => Self::Start,
            STOP => Self::Stop,
            OPEN => Self::Open,
            CLOSE => Self::Close,
            OUTPUT => {
                let size = u16::from_ne_bytes(bytes.get(4100..4102)?.try_into().ok()?);
                output_report(bytes.get(4..4 + usize::from(size))?).map_or(Self::Other(kind), Self::Output)
            }
            GET_REPORT => Self::GetReport { id: word(bytes, 4)? },
            SET_REPORT => {
                let size = u16::from_ne_bytes(bytes.get(10..12)?.try_into().ok()?);
                let data = bytes.get(12..12 + usize::from(size))?;
                let report = if *bytes.get(9)? == OUTPUT_REPORT { output_report(data) } else { None };
                Self::SetReport { id: word(bytes, 4)?, report }
            }
            _ => Self::Other(kind),
        })
    }
}

/// Make the device appear. `unique` is what sysfs shows as `HID_UNIQ`.
pub fn create(config: &KeyConfig, unique: &str) -> Vec<u8> {
    let mut event = CREATE2.to_ne_bytes().to_vec();
    event.extend(text::<128>(&config.product));
    event.extend(text::<64>(&format!("virtual-key/{}", config.name)));
    event.extend(text::<64>(unique));
    event.extend(u16::try_from(REPORT_DESCRIPTOR.len()).expect("34").to_ne_bytes());
    event.extend(BUS_USB.to_ne_bytes());
    event.extend(u32::from(config.vendor_id).to_ne_bytes());
    event.extend(u32::from(config.product_id).to_ne_bytes());
    event.extend(0x0100_u32.to_ne_bytes());
    event.extend(0_u32.to_ne_bytes());
    event.extend(REPORT_DESCRIPTOR);
    event
}

/// Make the device disappear.
pub fn destroy() -> Vec<u8> {
    DESTROY.to_ne_bytes().to_vec()
}

/// Send an input report to the host.
pub fn input(report: &Report) -> Vec<u8> {
    let size = u16::try_from(report.len()).expect("64");
    [&INPUT2.to_ne_bytes()[..], &size.to_ne_bytes(), report].concat()
}

/// Refuse to give a feature report.
pub fn get_report_reply(id: u32) -> Vec<u8> {
    [&GET_REPORT_REPLY.to_ne_bytes()[..], &id.to_ne_bytes(), &EIO.to_ne_bytes(), &[0, 0]].concat()
}

/// Say whether a report was taken.
pub fn set_report_reply(id: u32, taken: bool) -> Vec<u8> {
    let error = if taken { 0 } else { EIO };
    [&SET_REPORT_REPLY.to_ne_bytes()[..], &id.to_ne_bytes(), &error.to_ne_bytes()].concat()
}

/// What a device tells the kernel, for what stands in the kernel's place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FromKey {
    /// It appears.
    Create,
    /// It disappears.
    Destroy,
    /// An input report.
    Input(Report),
}

impl FromKey {
    /// Reads what the functions here write; None for a reply.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        match word(bytes, 0)? {
            CREATE2 => Some(Self::Create),
            DESTROY => Some(Self::Destroy),
            INPUT2 => Some(Self::Input(bytes.get(6..)?.try_into().ok()?)),
            _ => None,
        }
    }
}

/// The driver starts the device, or stops it; its first user opens it, or its last one closes it.
pub fn change(event: &Event) -> Vec<u8> {
    let kind = match event {
        Event::Start => START,
        Event::Stop => STOP,
        Event::Open => OPEN,
        Event::Close => CLOSE,
        Event::Output(report) => {
            let mut bytes = of_kind(OUTPUT);
            bytes[4..4 + report.len()].copy_from_slice(report);
            bytes[4100..4102].copy_from_slice(&64_u16.to_ne_bytes());
            return bytes;
        }
        Event::GetReport { .. } => GET_REPORT,
        Event::SetReport { .. } => SET_REPORT,
        Event::Other(kind) => *kind,
    };
    of_kind(kind)
}

fn of_kind(kind: u32) -> Vec<u8> {
    let mut bytes = vec![0; EVENT_LEN];
    bytes[..4].copy_from_slice(&kind.to_ne_bytes());
    bytes
}

/// hidraw hands the report number on as it was written.
fn output_report(data: &[u8]) -> Option<Report> {
    match data {
        [0, report @ ..] if data.len() == 65 => report.try_into().ok(),
        report => report.try_into().ok(),
    }
}

fn word(bytes: &[u8], offset: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(bytes.get(offset..offset + 4)?.try_into().ok()?))
}

/// A C string in a field of fixed size, cut short if need be.
fn text<const N: usize>(text: &str) -> [u8; N] {
    let mut field = [0; N];
    let len = text.len().min(N - 1);
    field[..len].copy_from_slice(&text.as_bytes()[..len]);
    field
}

#[cfg(test)]
#[path = "uhid_tests.rs"]
mod tests;
