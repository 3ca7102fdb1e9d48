//! What the project wants to be measured by: pam_u2f of the same guest is 1.

use crate::implementation::Implementation;
use crate::results::{Figures, Results, Spread, number};

/// One aim. Lower is better.
#[derive(Clone, Debug)]
pub struct Aim {
    /// What is measured.
    pub figure: &'static str,
    /// The aim.
    pub limit: f64,
    /// What it is; None where this run has not measured it.
    pub measured: Option<f64>,
    /// Digits behind the point.
    digits: usize,
}

impl Aim {
    /// Whether it is met, as it is shown.
    pub fn is_met(&self) -> Option<bool> {
        let scale = 10_f64.powi(i32::try_from(self.digits).expect("few"));
        self.measured.map(|value| (value * scale).round() <= self.limit * scale)
    }

    /// A value of it for people.
    pub fn shown(&self, value: f64) -> String {
        format!("{value:.*}", self.digits)
    }
}

type Figure = fn(&Figures) -> Option<Spread>;

/// All of them.
pub fn aims(results: &Results) -> Vec<Aim> {
    use Implementation::{PamPasskey, PamU2f};
    let figure = |row: &str, of: Implementation, figure: Figure| {
        Some(number(figure(results.figures(row, of)?)?.median))
    };
    let ours = |row: &str, of: Figure| figure(row, PamPasskey, of);
    let ratio = |row: &str, of: Figure| Some(ours(row, of)? / figure(row, PamU2f, of)?);
    let rows = |row: &str, base: &str, of: Figure| Some(ours(row, of)? / ours(base, of)?);
    let instructions = || {
        let of = |module| Some(number(results.row("touch")?.profiles.get(&module)?.instructions?));
        Some(of(PamPasskey)? / of(PamU2f)?)
    };
    let listing = |passkeys: usize| results.listings.iter().find(|listing| listing.passkeys == passkeys);
    let ms = |ns: f64| ns / 1e6;
    let transactions: Figure = |figures| figures.transactions;
    let blink: Figure = |figures| figures.blink_ns;
    let cpu: Figure = |figures| figures.cpu_ns;
    let count = |figure, limit, row| Aim { figure, limit, measured: ours(row, transactions), digits: 0 };
    let times = |figure, limit, measured| Aim { figure, limit, measured, digits: 2 };
    vec![
        count("transactions, touch", 3.0, "touch"),
        count("transactions, PIN", 7.0, "pin"),
        count("transactions, 10 passkeys, the last matches", 5.0, "ten"),
        count("transactions, 24 passkeys, none matches", 5.0, "none"),
        times("time to blink at 1 ms a report, of pam_u2f's", 0.5, ratio("touch-1ms", blink)),
        times("time to blink with 10 passkeys at 1 ms a report, of pam_u2f's", 0.15, ratio("ten-1ms", blink)),
        times("touch to return, of pam_u2f's", 1.0, ratio("touch", |figures| figures.touch_to_return_ns)),
        Aim {
            figure: "key's reply to return, ms (emulated)",
            limit: 3.0,
            measured: ours("touch", |figures| figures.reply_to_return_ns).map(ms),
            digits: 1,
        },
        times("processor time, of pam_u2f's", 0.3, ratio("touch", cpu)),
        times("instructions, of pam_u2f's", 0.3, instructions()),
        times("peak memory, of pam_u2f's", 0.1, ratio("touch", |figures| figures.peak_kib)),
        times("files mapped, of pam_u2f's", 0.2, ratio("touch", |figures| figures.mapped_kib)),
        Aim {
            figure: "time of a sign-in among 1,000,000 users, of that among 10",
            limit: 1.0,
            measured: rows("users-1000000", "users-10", |figures| figures.whole_ns),
            digits: 1,
        },
        Aim {
            figure: "time to blink at 1 ms a report, 16 keys of one",
            limit: 1.5,
            measured: rows("sixteen-keys-1ms", "touch-1ms", blink),
            digits: 1,
        },
        Aim {
            figure: "passkey-enroll list, nothing cached, ms (emulated)",
            limit: 10.0,
            measured: listing(1).map(|listing| ms(number(listing.cold_ns.median))),
            digits: 0,
        },
        Aim {
            figure: "passkey-enroll list, 200 passkeys of one",
            limit: 2.0,
            measured: listing(200)
                .zip(listing(1))
                .map(|(many, one)| number(many.cold_ns.median) / number(one.cold_ns.median)),
            digits: 1,
        },
    ]
}

#[cfg(test)]
mod tests {
    use super::Aim;

    #[test]
    fn an_aim_is_met_as_it_is_shown() {
        let aim = |measured, digits| Aim { figure: "", limit: 0.3, measured, digits };
        assert_eq!(aim(Some(0.304), 2).is_met(), Some(true));
        assert_eq!(aim(Some(0.306), 2).is_met(), Some(false));
        assert_eq!(aim(None, 2).is_met(), None);
        assert_eq!(aim(None, 2).shown(0.306), "0.31");
    }
}
