//! Work for all processors.

use std::thread;

/// Does each `part` of `parts`, on a thread of its own: as many as there are processors.
///
/// # Panics
/// When one of them does.
pub fn spread<T: Send>(share: impl Fn(usize, usize) -> T + Sync) -> Vec<T> {
    let parts = thread::available_parallelism().map_or(1, usize::from);
    let share = &share;
    thread::scope(|scope| {
        let threads: Vec<_> = (0..parts).map(|part| scope.spawn(move || share(part, parts))).collect();
        threads.into_iter().map(|thread| thread.join().expect("its part is done")).collect()
    })
}
