//! Measures a row.

use std::collections::BTreeMap;
use std::time::Duration;

use bench_probe::{By, Cost, Measurement, Plan, SignIn};
use guest::{Counts, Guest};

use crate::implementation::Implementation;
use crate::profile::{Profile, instructions, system_calls};
use crate::results::{Figures, Listing, RowResult, Spread};
use crate::row::{Counted, Host, Row};
use crate::scene::Scene;

/// How long a sign-in is waited for, in milliseconds: longer than a key waits for its touch.
const SIGN_IN_MS: u64 = 45_000;
/// How long all of a row may take.
const ROW: Duration = Duration::from_secs(3600);

/// Measures a row, each module so often.
pub fn row(guest: &Guest, row: &Row, rounds: usize) -> RowResult {
    let scene = Scene::set(guest, row);
    let all = Implementation::all_for(row);
    let plan = Plan {
        rounds: rounds.min(row.rounds),
        sign_ins: all.iter().map(|&implementation| scene.sign_in(implementation)).collect(),
        keys: scene.keys().to_vec(),
        patience_ms: SIGN_IN_MS,
        is_cold: false,
    };
    // The first time, everything is read from the disk; where a sign-in takes half a minute, that is nothing.
    if row.rounds == usize::MAX {
        run(guest, &Plan { rounds: 1, ..plan.clone() });
    }
    let mut measured: BTreeMap<Implementation, Vec<Measurement>> = BTreeMap::new();
    for measurement in run(guest, &plan) {
        measured.entry(all[measurement.sign_in]).or_default().push(measurement);
    }
    let empty = measured.remove(&Implementation::Nothing).expect("it was measured");
    let figures = measured.into_iter().map(|(of, measurements)| {
        // A program of its own takes all that it takes.
        let is_module = of.service().is_some() && row.host == Host::Plain;
        let empty = is_module.then_some(empty.as_slice());
        (of, figures(&measurements, empty))
    });
    let figures = figures.collect();
    let profiles = profiles(guest, &scene, row.counted, &all[1..]);
    scene.clear();
    RowResult { name: row.name.to_owned(), title: row.title.to_owned(), figures, profiles }
}

/// What is the same in every run, or nearly so: what the keys count, and what is counted of kernel and processor. Only of this module.
pub fn exact(guest: &Guest, row: &Row, of: Implementation) -> (Figures, Option<Profile>) {
    let scene = Scene::set(guest, row);
    let plan = Plan {
        rounds: 3,
        sign_ins: [Implementation::Nothing, of].map(|implementation| scene.sign_in(implementation)).to_vec(),
        keys: scene.keys().to_vec(),
        patience_ms: SIGN_IN_MS,
        is_cold: false,
    };
    // From the second time on, the passkey that was used last is asked for first.
    run(guest, &Plan { rounds: 1, ..plan.clone() });
    let (empty, measured): (Vec<_>, Vec<_>) =
        run(guest, &plan).into_iter().partition(|measurement| measurement.sign_in == 0);
    let profile = profiles(guest, &scene, row.counted, &[of]).remove(&of);
    scene.clear();
    (figures(&measured, Some(&empty)), profile)
}

/// System calls and instructions, less those of what does nothing. The key is touched at once: while it waits, both would depend on time.
fn profiles(
    guest: &Guest,
    scene: &Scene<'_>,
    counted: Counted,
    of: &[Implementation],
) -> BTreeMap<Implementation, Profile> {
    if counted == Counted::Nothing {
        return BTreeMap::new();
    }
    scene.touch_after(0);
    let profile = |sign_in: &SignIn| {
        let (calls, bytes_read) = system_calls(guest, sign_in);
        let instructions = (counted == Counted::Instructions).then(|| instructions(guest, sign_in));
        Profile { system_calls: calls, bytes_read, instructions }
    };
    let mut bases: BTreeMap<bool, Profile> = BTreeMap::new();
    let mut profiles = BTreeMap::new();
    for &implementation in of {
        let is_module = implementation.service().is_some();
        let base = bases.entry(is_module).or_insert_with(|| profile(&scene.empty_sign_in(implementation)));
        profiles.insert(implementation, profile(&scene.sign_in(implementation)).less(base));
    }
    profiles
}

/// `passkey-enroll list` with nothing in the page cache, and with everything.
pub fn listing(guest: &Guest, row: &Row, rounds: usize) -> Listing {
    let scene = Scene::set(guest, row);
    let words = ["passkey-enroll", "list", "--user", "alice"].map(str::to_owned).to_vec();
    let list = SignIn { by: By::Program(words), answers: Vec::new() };
    let time = |is_cold: bool| {
        let plan =
            Plan { rounds, sign_ins: vec![list.clone()], keys: Vec::new(), patience_ms: SIGN_IN_MS, is_cold };
        let costs = run(guest, &plan).into_iter().map(|measurement| measurement.cost.expect("it ends"));
        let times = costs.inspect(|cost| assert_eq!(cost.code, 0, "{:?}", cost.said));
        Spread::of(times.map(|cost| cost.ended - cost.begun)).expect("at least one round")
    };
    let listing = Listing { passkeys: row.passkeys, cold_ns: time(true), warm_ns: time(false) };
    scene.clear();
    listing
}

/// Sign-ins in turn, as the probe measures them.
fn run(guest: &Guest, plan: &Plan) -> Vec<Measurement> {
    let input = serde_json::to_vec(plan).expect("plain data");
    let output = guest.run("root", "bench-probe rounds", &input, ROW).ok();
    serde_json::from_str(&output).unwrap_or_else(|error| panic!("{error}: {output}"))
}

/// What sign-ins took, beyond those of an empty stack where they began with one.
fn figures(measurements: &[Measurement], empty: Option<&[Measurement]>) -> Figures {
    let costs = || measurements.iter().filter_map(|measurement| measurement.cost.as_ref());
    let base = |figure: fn(&Cost) -> u64| {
        let costs = empty?.iter().filter_map(|measurement| measurement.cost.as_ref());
        Spread::of(costs.map(figure)).map(|spread| spread.median)
    };
    let beyond = |figure: fn(&Cost) -> u64| {
        let base = base(figure).unwrap_or(0);
        Spread::of(costs().map(|cost| figure(cost).saturating_sub(base)))
    };
    let count = |figure: fn(&Counts) -> u64| {
        Spread::of(measurements.iter().map(|measurement| {
            let keys = measurement.keys.iter();
            let counts = keys.map(|key| serde_json::from_value(key.counts.clone()).expect("counts"));
            counts.map(|counts: Counts| figure(&counts)).sum()
        }))
    };
    // The key that is touched is the last one.
    let moments =
        |moment: fn(&Cost, &bench_probe::Timeline) -> Option<u64>| {
            Spread::of(measurements.iter().filter_map(|measurement| {
                moment(measurement.cost.as_ref()?, &measurement.keys.last()?.timeline)
            }))
        };
    let beside = empty.unwrap_or_default().iter().find_map(|measurement| measurement.cost.as_ref());
    let mut libraries = costs().next().map(|cost| cost.libraries.clone()).unwrap_or_default();
    libraries.retain(|library| !beside.is_some_and(|beside| beside.libraries.contains(library)));
    Figures {
        rounds: measurements.len(),
        ended: costs().count(),
        codes: costs().map(|cost| cost.code).collect(),
        transactions: count(|counts| counts.transactions),
        reports_in: count(|counts| counts.reports_in),
        reports_out: count(|counts| counts.reports_out - counts.keepalives),
        opens: count(|counts| counts.opens),
        load_ns: beyond(|cost| cost.started - cost.begun),
        blink_ns: moments(|cost, key| key.blinks.first()?.checked_sub(cost.started)),
        touch_to_return_ns: moments(|cost, key| cost.ended.checked_sub(*key.touches.last()?)),
        reply_to_return_ns: moments(|cost, key| {
            key.touches.last()?;
            cost.ended.checked_sub(key.last_report_out?)
        }),
        whole_ns: Spread::of(costs().map(|cost| cost.ended - cost.started)),
        cpu_ns: beyond(|cost| cost.cpu_ns),
        peak_kib: beyond(|cost| cost.peak_kib),
        // Of a program that has ended, only its peak is known.
        mapped_kib: beyond(|cost| cost.mapped_kib).filter(|_| empty.is_some()),
        anonymous_kib: beyond(|cost| cost.anonymous_kib).filter(|_| empty.is_some()),
        libraries,
    }
}

#[cfg(test)]
#[path = "measure_tests.rs"]
mod tests;
