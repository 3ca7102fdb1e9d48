use std::io::{IoSliceMut, Read, Write};
use std::iter;
use std::mem::MaybeUninit;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SocketFlags, SocketType, recvmsg,
    socketpair, sockopt,
};

use super::*;

const LEN: usize = 65;
const PATIENCE: Timespec = Timespec { tv_sec: 20, tv_nsec: 0 };

/// Children and SIGCHLD are the whole process's, so one test at a time.
pub(crate) fn alone() -> MutexGuard<'static, ()> {
    static ONE: Mutex<()> = Mutex::new(());
    ONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// `count` reports that can be told apart.
fn reports(count: u8) -> Vec<u8> {
    (0..count).flat_map(|number| [number; LEN]).collect()
}

/// Waits until something can be read, or the far end is closed.
fn wait(fd: &impl AsFd) {
    let ready = poll(&mut [PollFd::new(fd, PollFlags::IN)], Some(&PATIENCE)).unwrap();
    assert_eq!(ready, 1, "nothing happens");
}

fn outcome(write: &mut DetachedWrite) -> Result<(), TransferError> {
    loop {
        if let Some(outcome) = write.outcome() {
            return outcome;
        }
        wait(write);
    }
}

/// A pipe that takes nothing more, so that a write to it blocks; and how much has to be read from it first.
fn full_pipe() -> (io::PipeReader, io::PipeWriter, usize) {
    let (reader, mut writer) = io::pipe().unwrap();
    ioctl_fionbio(&writer, true).unwrap();
    let mut len = 0;
    while let Ok(written) = writer.write(&[0xFF; 4096]) {
        len = written.checked_add(len).unwrap();
    }
    ioctl_fionbio(&writer, false).unwrap();
    (reader, writer, len)
}

/// A socket with little room, and its far end, which tells who has written.
fn small_socket() -> (OwnedFd, OwnedFd) {
    let (near, far) =
        socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None).unwrap();
    sockopt::set_socket_send_buffer_size(&near, 1).unwrap();
    sockopt::set_socket_passcred(&far, true).unwrap();
    (near, far)
}

/// The process that has written the next report.
fn writer_of(far: &OwnedFd) -> i32 {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmCredentials(1))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let mut report = [0; LEN];
    let received =
        recvmsg(far, &mut [IoSliceMut::new(&mut report)], &mut control, RecvFlags::CMSG_CLOEXEC).unwrap();
    assert_eq!(received.bytes, LEN);
    let pid = control.drain().find_map(|message| match message {
        RecvAncillaryMessage::ScmCredentials(credentials) => Some(credentials.pid.as_raw_nonzero().get()),
        _ => None,
    });
    pid.unwrap()
}

/// `waitpid(2)` for anything at all, without waiting.
fn any_child() -> Result<libc::pid_t, c_int> {
    // SAFETY: no status is asked for.
    let pid = unsafe { libc::waitpid(-1, ptr::null_mut(), libc::__WALL | libc::WNOHANG) };
    if pid < 0 { Err(last_errno()) } else { Ok(pid) }
}

#[test]
fn reports_arrive_whole_and_in_order() {
    let _alone = alone();
    let (mut reader, writer) = io::pipe().unwrap();
    let sent = reports(20);
    let mut write = write(writer.as_fd(), &sent, LEN).unwrap();
    outcome(&mut write).unwrap();
    assert!(matches!(write.outcome(), Some(Ok(()))), "it stays so");
    drop(writer);
    let mut received = Vec::new();
    reader.read_to_end(&mut received).unwrap();
    assert_eq!(received, sent);
}

#[test]
fn a_write_that_blocks_does_not_hold_the_caller_up() {
    let _alone = alone();
    let (mut reader, writer, len) = full_pipe();
    let mut write = write(writer.as_fd(), &[7; LEN], LEN).unwrap();
    // Reaching this line is the test: nothing has been read yet, and only this thread will.
    assert!(write.outcome().is_none());
    reader.read_exact(&mut vec![0; len]).unwrap();
    let mut report = [0; LEN];
    reader.read_exact(&mut report).unwrap();
    assert_eq!(report, [7; LEN]);
    outcome(&mut write).unwrap();
}

#[test]
fn the_host_notices_neither_child() {
    static SIGNALS: AtomicUsize = AtomicUsize::new(0);
    extern "C" fn count(_: c_int) {
        SIGNALS.fetch_add(1, Ordering::Relaxed);
    }
    let _alone = alone();
    // SAFETY: the handler only touches an atomic.
    let old = unsafe { libc::signal(libc::SIGCHLD, count as *const () as libc::sighandler_t) };
    let (mut reader, writer, len) = full_pipe();
    let mut write = write(writer.as_fd(), &[7; LEN], LEN).unwrap();
    assert_eq!(any_child(), Err(libc::ECHILD), "while it blocks");
    reader.read_exact(&mut vec![0; len]).unwrap();
    drop(writer);
    outcome(&mut write).unwrap();
    // The end of both pipes is the end of the process.
    reader.read_to_end(&mut Vec::new()).unwrap();
    assert_eq!(any_child(), Err(libc::ECHILD), "when it has ended");
    // SAFETY: what was there before.
    unsafe { libc::signal(libc::SIGCHLD, old) };
    assert_eq!(SIGNALS.load(Ordering::Relaxed), 0);
}

#[test]
fn the_signal_mask_comes_back_and_the_writer_has_every_signal_blocked() {
    let _alone = alone();
    let (near, far) = small_socket();
    // SIGUSR1 alone.
    let mine = [1_u64 << 9, 0];
    let before = change_signal_mask(&mine).unwrap();
    let write = write(near.as_fd(), &reports(100), LEN);
    let after = change_signal_mask(&before).unwrap();
    assert_eq!(after, mine);

    let mut write = write.unwrap();
    let pid = writer_of(&far);
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).unwrap();
        line.trim().to_owned()
    };
    assert!(write.outcome().is_none(), "it still blocks: the status is the writer's");
    assert_eq!(field("Name"), "hidraw-write");
    assert_ne!(field("PPid"), std::process::id().to_string());
    // All but SIGKILL (9) and SIGSTOP (19), which cannot be.
    let blocked = u64::from_str_radix(&field("SigBlk"), 16).unwrap();
    assert_eq!(!blocked & !(1 << 8 | 1 << 18), 0, "{blocked:#x}");
}

#[test]
fn other_descriptors_are_let_go() {
    let _alone = alone();
    let (mut reader, writer, len) = full_pipe();
    let (mut other, held) = io::pipe().unwrap();
    // One behind all others too, and far from them.
    let far = rustix::io::fcntl_dupfd_cloexec(&held, 500).unwrap();
    let mut write = write(writer.as_fd(), &[7; LEN], LEN).unwrap();
    drop((held, far));
    wait(&other);
    assert_eq!(other.read(&mut [0; 1]).unwrap(), 0);
    assert!(write.outcome().is_none());
    reader.read_exact(&mut vec![0; len]).unwrap();
    outcome(&mut write).unwrap();
}

#[test]
fn gaps_leave_two_descriptors_out_and_nothing_else() {
    let max = c_uint::MAX;
    for (keep, expected) in [
        ([3, 7], &[(0, 2), (4, 6), (8, max)][..]),
        ([7, 3], &[(0, 2), (4, 6), (8, max)]),
        ([0, 1], &[(2, max)]),
        ([1, 2], &[(0, 0), (3, max)]),
    ] {
        let gaps: Vec<_> = gaps(keep).into_iter().filter(|(first, last)| first <= last).collect();
        assert_eq!(gaps, expected, "{keep:?}");
    }
}

#[test]
fn the_first_error_ends_it_and_is_told() {
    let _alone = alone();
    let (near, far) = small_socket();
    drop(far);
    let mut write = write(near.as_fd(), &reports(3), LEN).unwrap();
    let error = outcome(&mut write).unwrap_err();
    assert!(
        matches!(&error, TransferError::Failed(error) if error.kind() == io::ErrorKind::BrokenPipe),
        "{error:?}"
    );
}

#[test]
fn a_killed_writer_is_an_error() {
    let _alone = alone();
    let (near, far) = small_socket();
    let mut write = write(near.as_fd(), &reports(100), LEN).unwrap();
    let pid = writer_of(&far);
    // SAFETY: no pointers are passed.
    assert_eq!(unsafe { libc::kill(pid, libc::SIGKILL) }, 0);
    let error = outcome(&mut write).unwrap_err();
    assert!(
        matches!(&error, TransferError::Failed(error) if error.kind() == io::ErrorKind::UnexpectedEof),
        "{error:?}"
    );
}

#[test]
fn a_caller_that_loses_interest_ends_it() {
    let _alone = alone();
    let (near, far) = small_socket();
    let write = write(near.as_fd(), &reports(100), LEN).unwrap();
    writer_of(&far);
    drop((write, near));
    let more = || rustix::io::read(&far, &mut [0; LEN]).unwrap() > 0;
    let received = iter::repeat_with(more).take_while(|more| *more).count();
    assert!(received < 99, "all were sent");
}

#[test]
fn closing_is_done_elsewhere() {
    let _alone = alone();
    let (mut reader, writer) = io::pipe().unwrap();
    close(writer.into()).unwrap();
    wait(&reader);
    assert_eq!(reader.read(&mut [0; 1]).unwrap(), 0);
    assert_eq!(any_child(), Err(libc::ECHILD));
}

/// What happens where a filter answers a system call, with this first argument if one is named, with an error.
fn under_seccomp(call: c_long, first: Option<u32>, errno: c_int) -> io::Error {
    let statement = |code: u32, k: u32| libc::sock_filter { code: code.try_into().unwrap(), jt: 0, jf: 0, k };
    let load = |offset| statement(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, offset);
    // Jumps to the last statement but for equality.
    let only = |k, jf| libc::sock_filter { jf, ..statement(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, k) };
    let leave = |k| statement(libc::BPF_RET | libc::BPF_K, k);
    let denied = leave(libc::SECCOMP_RET_ERRNO | errno.unsigned_abs());
    let mut program = match first {
        None => vec![load(0), only(call.try_into().unwrap(), 1), denied],
        // The low half of the first argument, in little-endian machines.
        Some(first) => vec![load(0), only(call.try_into().unwrap(), 3), load(16), only(first, 1), denied],
    };
    program.push(leave(libc::SECCOMP_RET_ALLOW));

    // In a thread that ends with its filter.
    let attempt = move || {
        let program =
            libc::sock_fprog { len: program.len().try_into().unwrap(), filter: program.as_mut_ptr() };
        // SAFETY: the program is well-formed, and alive for the call.
        unsafe {
            assert_eq!(libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
            assert_eq!(libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const program), 0);
        }
        let (_reader, writer) = io::pipe().unwrap();
        write(writer.as_fd(), &[7; LEN], LEN).unwrap_err()
    };
    std::thread::spawn(attempt).join().unwrap()
}

#[test]
#[cfg(all(target_endian = "little", not(target_arch = "s390x")))]
fn where_no_process_can_be_had_the_caller_hears_so() {
    let _alone = alone();
    let error = under_seccomp(libc::SYS_clone, None, libc::EPERM);
    assert_eq!(error.raw_os_error(), Some(libc::EPERM));
    // The first clone succeeds, and the second does not.
    let error = under_seccomp(libc::SYS_clone, Some(0), libc::EAGAIN);
    assert_eq!(error.raw_os_error(), Some(libc::EAGAIN));
    let error = under_seccomp(libc::SYS_close_range, None, libc::ENOSYS);
    assert_eq!(error.kind(), io::ErrorKind::Unsupported);
    assert_eq!(any_child(), Err(libc::ECHILD));
}

#[test]
fn many_at_once_leave_nothing_behind() {
    let _alone = alone();
    let (mut reader, writer, len) = full_pipe();
    let mut begun: Vec<_> = (0..32).map(|_| write(writer.as_fd(), &[7; LEN], LEN).unwrap()).collect();
    reader.read_exact(&mut vec![0; len]).unwrap();
    reader.read_exact(&mut [0; 32 * LEN]).unwrap();
    for write in &mut begun {
        outcome(write).unwrap();
    }
    drop(writer);
    reader.read_to_end(&mut Vec::new()).unwrap();
    assert_eq!(any_child(), Err(libc::ECHILD));
}
