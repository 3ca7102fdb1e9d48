use super::*;

/// Writes down what they hear, and answers with what they are asked.
#[derive(Default)]
struct Echo {
    heard: Vec<String>,
    gives_up: bool,
}

impl Person for Echo {
    fn tell(&mut self, tone: Tone, text: &str) {
        self.heard.push(format!("{tone:?} {text}"));
    }

    fn ask(&mut self, question: &str, echo: bool) -> Answer {
        self.heard.push(format!("asked {echo} {question}"));
        if self.gives_up { Answer::None } else { Answer::Typed(Zeroizing::new(question.as_bytes().to_vec())) }
    }
}

/// What becomes of these messages: the code, and the answers where there are some.
fn converse_about(person: &mut Echo, messages: &[(c_int, &CStr)]) -> (c_int, Vec<Option<String>>) {
    let messages: Vec<Message> =
        messages.iter().map(|(style, text)| Message { style: *style, text: text.as_ptr() }).collect();
    let mut pointers: Vec<*const Message> = messages.iter().map(ptr::from_ref).collect();
    let mut conversing = Conversing { person };
    let mut responses: *mut Response = ptr::null_mut();
    let code = converse(
        c_int::try_from(pointers.len()).unwrap(),
        pointers.as_mut_ptr(),
        &raw mut responses,
        ptr::from_mut(&mut conversing).cast(),
    );
    let mut answers = Vec::new();
    if code == raw::SUCCESS {
        for index in 0..pointers.len() {
            // SAFETY: as many responses as messages; each text is malloc's or null.
            unsafe {
                let text = (*responses.add(index)).text;
                answers.push((!text.is_null()).then(|| CStr::from_ptr(text).to_str().unwrap().to_owned()));
                libc::free(text.cast());
            }
        }
        // SAFETY: calloc's.
        unsafe { libc::free(responses.cast()) };
    } else {
        assert!(responses.is_null());
    }
    (code, answers)
}

#[test]
fn each_question_has_its_answer() {
    let mut person = Echo::default();
    let messages = [
        (raw::TEXT_INFO, c"touch"),
        (raw::PROMPT_ECHO_OFF, c"secret"),
        (raw::ERROR_MSG, c"wrong"),
        (raw::PROMPT_ECHO_ON, c"name"),
    ];
    let (code, answers) = converse_about(&mut person, &messages);
    assert_eq!(code, raw::SUCCESS);
    assert_eq!(answers, [None, Some("secret".to_owned()), None, Some("name".to_owned())]);
    assert_eq!(person.heard, ["Info touch", "asked false secret", "Error wrong", "asked true name"]);
}

#[test]
fn who_gives_up_or_is_asked_something_strange_ends_it() {
    let mut person = Echo { gives_up: true, ..Echo::default() };
    let messages = [(raw::PROMPT_ECHO_OFF, c"secret")];
    assert_eq!(converse_about(&mut person, &messages).0, raw::CONV_ERR);
    // `PAM_BINARY_PROMPT`, after an answer that has to be wiped.
    let messages = [(raw::PROMPT_ECHO_OFF, c"secret"), (7, c"\x01")];
    assert_eq!(converse_about(&mut Echo::default(), &messages).0, raw::CONV_ERR);
    assert_eq!(converse_about(&mut Echo::default(), &[]).0, raw::CONV_ERR);
}

#[test]
fn a_panic_stays_on_this_side() {
    struct Panics;
    impl Person for Panics {
        fn tell(&mut self, _: Tone, _: &str) {
            panic!("a mistake")
        }
        fn ask(&mut self, _: &str, _: bool) -> Answer {
            Answer::None
        }
    }
    let message = Message { style: raw::TEXT_INFO, text: c"x".as_ptr() };
    let mut pointer = ptr::from_ref(&message);
    let mut conversing = Conversing { person: &mut Panics };
    let mut responses = ptr::null_mut();
    let data = ptr::from_mut(&mut conversing).cast();
    assert_eq!(converse(1, &raw mut pointer, &raw mut responses, data), raw::CONV_ERR);
}
