//! An application on the real libpam, in as far as no security key is needed; the rest is for the guest.
//!
//! The user is `nobody`, who has no passkey on any machine.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ffi::{CStr, CString, c_int, c_void};
use std::io::{Read as _, Seek as _};
use std::os::fd::AsRawFd as _;
use std::ptr;

use pam_client::raw::{
    Conversation, ERROR_MSG, Handle, Message, PROMPT_ECHO_ON, RHOST, Response, SUCCESS, TEXT_INFO, TTY,
    pam_acct_mgmt, pam_authenticate, pam_end, pam_putenv, pam_set_item, pam_setcred, pam_start_confdir,
};

use super::module;

/// What is given to administrators.
mod examples;
/// Hosts without memory.
mod memory;
/// The language of the host.
mod words;

const SERVICE_ERR: c_int = 3;
const AUTHINFO_UNAVAIL: c_int = 9;
const USER_UNKNOWN: c_int = 10;
const SILENT: c_int = 0x8000;

/// What is said to the person, and their one answer to every prompt.
struct Person {
    answer: &'static CStr,
    heard: Vec<(c_int, String)>,
    /// Whether the thread could be cancelled meanwhile.
    was_cancellable: bool,
}

unsafe extern "C" {
    fn pthread_setcancelstate(state: c_int, old: *mut c_int) -> c_int;
}

/// Whether `pthread_cancel` would end this thread.
fn is_cancellable() -> bool {
    let (mut state, mut held) = (0, 0);
    // SAFETY: there is room for the states; 1 holds cancellation back, and what was before is put back at once.
    unsafe {
        pthread_setcancelstate(1, &raw mut state);
        pthread_setcancelstate(state, &raw mut held);
    }
    state == 0
}

extern "C" fn converse(
    count: c_int,
    messages: *mut *const Message,
    responses: *mut *mut Response,
    data: *mut c_void,
) -> c_int {
    assert_eq!(count, 1);
    // SAFETY: `Application::start` put it there and keeps it.
    let mut person = unsafe { &*data.cast::<RefCell<Person>>() }.borrow_mut();
    // SAFETY: libpam's contract: one message, its text ending with NUL; the responses are malloc's and freed by the module.
    unsafe {
        let (style, text) = ((**messages).style, CStr::from_ptr((**messages).text));
        person.heard.push((style, text.to_str().unwrap().to_owned()));
        person.was_cancellable |= is_cancellable();
        let response = libc::calloc(1, size_of::<Response>()).cast::<Response>();
        if style <= PROMPT_ECHO_ON {
            (*response).text = libc::strdup(person.answer.as_ptr());
        }
        *responses = response;
    }
    SUCCESS
}

/// One application with one handle of libpam.
struct Application {
    handle: *mut Handle,
    person: Box<RefCell<Person>>,
    _folder: tempfile::TempDir,
    _conversation: Box<Conversation>,
}

impl Application {
    /// `stack` is the service file; `@` stands for the module.
    fn start(service: &str, user: Option<&CStr>, answer: &'static CStr, stack: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(service), stack.replace('@', module().to_str().unwrap())).unwrap();
        let (service, path) =
            (CString::new(service).unwrap(), CString::new(folder.path().to_str().unwrap()).unwrap());
        let person = Box::new(RefCell::new(Person { answer, heard: Vec::new(), was_cancellable: false }));
        let data = ptr::from_ref(person.as_ref()).cast_mut().cast();
        let conversation = Box::new(Conversation { converse, data });
        let mut handle = ptr::null_mut();
        let user = user.map_or(ptr::null(), CStr::as_ptr);
        // SAFETY: libpam copies the strings; conversation and person live as long as the application.
        let code = unsafe {
            pam_start_confdir(
                service.as_ptr(),
                user,
                &raw const *conversation,
                path.as_ptr(),
                &raw mut handle,
            )
        };
        assert_eq!(code, SUCCESS);
        Self { handle, person, _folder: folder, _conversation: conversation }
    }

    fn nobody(stack: &str) -> Self {
        Self::start("sudo", Some(c"nobody"), c"", stack)
    }

    fn item(self, item: c_int, value: &CStr) -> Self {
        // SAFETY: libpam copies the string.
        assert_eq!(unsafe { pam_set_item(self.handle, item, value.as_ptr().cast()) }, SUCCESS);
        self
    }

    fn variable(self, variable: &CStr) -> Self {
        // SAFETY: libpam copies the string.
        assert_eq!(unsafe { pam_putenv(self.handle, variable.as_ptr()) }, SUCCESS);
        self
    }

    fn authenticate(&self, flags: c_int) -> c_int {
        // SAFETY: the handle is live.
        unsafe { pam_authenticate(self.handle, flags) }
    }

    fn heard(&self) -> Vec<(c_int, String)> {
        self.person.borrow().heard.clone()
    }
}

impl Drop for Application {
    fn drop(&mut self) {
        // SAFETY: the handle is live and not used again.
        unsafe { pam_end(self.handle, SUCCESS) };
    }
}

fn assert_error_alone(heard: &[(c_int, String)], part: &str) {
    assert!(matches!(heard, [(ERROR_MSG, text)] if text.contains(part)), "{heard:?}");
}

#[test]
fn what_is_not_understood_closes_the_door() {
    for arguments in ["cue", "timeout=soon", "config=relative", "config=/no/such/file.toml", "debug debug"] {
        let application =
            Application::nobody(&format!("auth required @ {arguments}\nauth required pam_permit.so\n"));
        assert_eq!(application.authenticate(0), SERVICE_ERR, "{arguments}");
        assert_error_alone(&application.heard(), "not set up correctly");
    }
}

#[test]
fn a_user_without_a_passkey_is_refused_or_passes_by() {
    let refused = Application::nobody("auth required @\nauth required pam_permit.so\n");
    assert_eq!(refused.authenticate(0), AUTHINFO_UNAVAIL);
    assert_error_alone(&refused.heard(), "No passkey is set up");

    let ignored = Application::nobody("auth required @ unenrolled=ignore\nauth required pam_permit.so\n");
    assert_eq!(ignored.authenticate(0), SUCCESS);
    assert_eq!(ignored.heard(), []);

    // Nothing but the module, and the module stands aside: that alone lets nobody in.
    let alone = Application::nobody("auth required @ unenrolled=ignore\n");
    assert_ne!(alone.authenticate(0), SUCCESS);
}

#[test]
fn each_host_is_told_in_the_way_that_leaves_it_alive() {
    const CRED_INSUFFICIENT: c_int = 8;
    for (host, code, style, again) in [
        ("terminal", AUTHINFO_UNAVAIL, ERROR_MSG, false),
        ("other", AUTHINFO_UNAVAIL, ERROR_MSG, false),
        ("gdm", CRED_INSUFFICIENT, ERROR_MSG, false),
        ("gdm-switchable-auth", AUTHINFO_UNAVAIL, ERROR_MSG, false),
        ("lightdm", AUTHINFO_UNAVAIL, TEXT_INFO, true),
        ("sddm", AUTHINFO_UNAVAIL, ERROR_MSG, false),
    ] {
        let stack = format!("auth required @ host={host}\nauth required pam_permit.so\n");
        let application = Application::nobody(&stack);
        assert_eq!(application.authenticate(0), code, "{host}");
        let heard = application.heard();
        let [(heard_style, text)] = heard.as_slice() else { panic!("{host}: {heard:?}") };
        assert_eq!(
            (*heard_style, text.ends_with("If asked again, type your password.")),
            (style, again),
            "{text}"
        );
        assert!(text.contains("No passkey is set up"), "{host}: {text}");
    }
    // This program is not GDM's worker, whatever the file is called.
    let rehearsal = Application::start("gdm-password", Some(c"nobody"), c"", "auth required @\n");
    assert_eq!(rehearsal.authenticate(0), AUTHINFO_UNAVAIL);
    // Passing by is not a failure, and has no other code anywhere.
    for host in ["gdm", "lightdm"] {
        let stack = format!("auth required @ host={host} unenrolled=ignore\nauth required pam_permit.so\n");
        let application = Application::nobody(&stack);
        assert_eq!((application.authenticate(0), application.heard()), (SUCCESS, vec![]), "{host}");
    }
}

#[test]
fn a_user_who_does_not_exist_hears_the_same() {
    let application = Application::start("login", Some(c"no-such-user"), c"", "auth required @\n");
    assert_eq!(application.authenticate(0), USER_UNKNOWN);
    assert_error_alone(&application.heard(), "No passkey is set up");
    // Not even where everybody else without a passkey passes by.
    let ignoring = Application::start(
        "login",
        Some(c"no-such-user"),
        c"",
        "auth required @ unenrolled=ignore\nauth required pam_permit.so\n",
    );
    assert_eq!(ignoring.authenticate(0), USER_UNKNOWN);
}

#[test]
fn the_application_asks_for_a_name_where_none_is_known() {
    let named = Application::start("login", None, c"nobody", "auth required @\n");
    assert_eq!(named.authenticate(0), AUTHINFO_UNAVAIL);
    let heard = named.heard();
    assert_eq!((heard.len(), heard[0].0), (2, PROMPT_ECHO_ON), "{heard:?}");

    let nameless = Application::start("login", None, c"", "auth required @\n");
    assert_eq!(nameless.authenticate(0), USER_UNKNOWN);
}

#[test]
fn a_person_at_another_machine_is_not_even_told() {
    type Change = fn(Application) -> Application;
    let stack = "auth required @\n";
    let changes: [Change; 3] = [
        |application| application.item(RHOST, c"192.0.2.1"),
        |application| application.item(TTY, c"ssh"),
        |application| application.variable(c"SSH_CONNECTION=192.0.2.1 1 192.0.2.2 22"),
    ];
    for change in changes {
        let application = change(Application::nobody(stack));
        assert_eq!(application.authenticate(0), AUTHINFO_UNAVAIL);
        assert_eq!(application.heard(), []);
    }
    let sshd = Application::start("sshd", Some(c"nobody"), c"", stack);
    assert_eq!(sshd.authenticate(0), AUTHINFO_UNAVAIL);
    assert_eq!(sshd.heard(), []);

    let allowed = Application::nobody("auth required @ remote=allow\n").item(RHOST, c"192.0.2.1");
    assert_eq!(allowed.authenticate(0), AUTHINFO_UNAVAIL);
    assert_error_alone(&allowed.heard(), "No passkey is set up");

    // Those without a passkey pass by wherever they come from, or nobody could sign in from afar.
    let ignored = Application::nobody("auth required @ unenrolled=ignore\nauth required pam_permit.so\n")
        .item(RHOST, c"192.0.2.1");
    assert_eq!(ignored.authenticate(0), SUCCESS);
}

#[test]
fn credentials_are_set_and_accounts_are_none_of_its_business() {
    let application =
        Application::nobody("auth required @\naccount required @\naccount required pam_permit.so\n");
    // SAFETY: the handle is live.
    unsafe {
        assert_eq!(pam_setcred(application.handle, 2), SUCCESS);
        assert_eq!(pam_acct_mgmt(application.handle, 0), SUCCESS);
    }
    assert_eq!(application.heard(), []);
}

/// Everything of this thread's process that a module could leave changed.
#[derive(Debug, PartialEq, Eq)]
struct Footprint {
    descriptors: BTreeSet<String>,
    blocked: String,
    handlers: Vec<usize>,
    environment: Vec<(String, String)>,
}

impl Footprint {
    fn take() -> Self {
        let status = std::fs::read_to_string("/proc/thread-self/status").unwrap();
        let descriptors = std::fs::read_dir("/proc/thread-self/fd").unwrap();
        Self {
            descriptors: descriptors
                .filter_map(|entry| entry.unwrap().path().read_link().ok())
                .map(|target| target.display().to_string())
                // The folder that is being read.
                .filter(|target| !target.ends_with("/fd"))
                .collect(),
            blocked: status.lines().find(|line| line.starts_with("SigBlk")).unwrap().to_owned(),
            handlers: (1..=31)
                .map(|signal| {
                    let mut action = std::mem::MaybeUninit::<libc::sigaction>::zeroed();
                    // SAFETY: asks only; zeroed bytes are a valid sigaction for the signals that cannot be asked about.
                    unsafe {
                        libc::sigaction(signal, ptr::null(), action.as_mut_ptr());
                        action.assume_init().sa_sigaction
                    }
                })
                .collect(),
            environment: std::env::vars().collect(),
        }
    }
}

/// Set in the process that this test starts of itself, where no other test opens or closes anything meanwhile.
const ALONE: &str = "PASSKEY_TEST_ALONE";

#[test]
fn nothing_is_left_behind_in_the_host_and_not_a_word_on_its_terminal() {
    if std::env::var_os(ALONE).is_none() {
        let output = std::process::Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "host::nothing_is_left_behind_in_the_host_and_not_a_word_on_its_terminal",
                "--nocapture",
            ])
            .env(ALONE, "")
            .env("PASSKEY_RELEASE_DIR", module().parent().unwrap())
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && text.contains("1 passed"), "{text}");
        return;
    }
    let once = || {
        for arguments in ["", "unenrolled=ignore debug", "nonsense", "config=/dev/null"] {
            let application = Application::nobody(&format!("auth required @ {arguments}\n"));
            assert_ne!(application.authenticate(SILENT), SUCCESS);
        }
    };
    // The first time, libpam connects to the system log and keeps the connection.
    once();
    let before = Footprint::take();
    let ((), written) = on_a_terminal(once);
    assert_eq!(Footprint::take(), before);
    assert_eq!(written, "");
}

/// Runs `work` with a file for stdout and stderr, and gives what was written there.
fn on_a_terminal<T>(work: impl FnOnce() -> T) -> (T, String) {
    let mut terminal = tempfile::tempfile().unwrap();
    // SAFETY: all descriptors are open, and this process runs nothing else that uses them.
    let saved = unsafe {
        let saved = (libc::dup(1), libc::dup(2));
        libc::dup2(terminal.as_raw_fd(), 1);
        libc::dup2(terminal.as_raw_fd(), 2);
        saved
    };
    let result = work();
    // SAFETY: as above.
    unsafe {
        libc::dup2(saved.0, 1);
        libc::dup2(saved.1, 2);
        libc::close(saved.0);
        libc::close(saved.1);
    }
    let mut written = String::new();
    terminal.rewind().unwrap();
    terminal.read_to_string(&mut written).unwrap();
    (result, written)
}

/// It would be unwound through Rust, which ends the process instead.
#[test]
fn a_thread_is_not_cancelled_in_the_midst_of_it() {
    let application = Application::nobody("auth required @\n");
    assert_eq!(application.authenticate(0), AUTHINFO_UNAVAIL);
    assert!(!application.heard().is_empty());
    assert!(!application.person.borrow().was_cancellable);
    assert!(is_cancellable(), "as before");
}
