//! Lines of PAM service files (pam.conf(5)), as far as signing in is concerned.

/// What a line asks for. Lines of other facilities than `auth` are left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// A module is called.
    Module(Rule),
    /// Another file's lines stand here; on their own, so that they cannot end this file's, with `substack`.
    Include {
        /// The file's name, or a path.
        file: String,
        /// Whether they stand on their own.
        substack: bool,
    },
}

/// A module and what follows from its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rule {
    /// The module's file name, without the folder.
    pub(crate) module: String,
    /// What stands behind it.
    pub(crate) arguments: Vec<String>,
    /// What follows from its answer.
    pub(super) control: Control,
}

/// What follows from a module's answer: actions by the answer's name, and the one for all others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Control {
    actions: Vec<(String, Action)>,
    default: Action,
}

/// What follows from one answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// It counts for nothing.
    Ignore,
    /// It fails the stack, in the end.
    Bad,
    /// It fails the stack at once.
    Die,
    /// It speaks for the stack.
    Ok,
    /// It speaks for the stack and ends it, unless something failed before.
    Done,
    /// Whatever was before counts for nothing.
    Reset,
    /// So many lines are left out.
    Jump(usize),
}

impl Control {
    /// The action for the answer of this name, such as `success`.
    pub(super) fn action(&self, answer: &str) -> Action {
        self.actions.iter().find(|(name, _)| name == answer).map_or(self.default, |(_, action)| *action)
    }

    fn parse(token: &str) -> Option<Self> {
        let (spelled_out, default) = match token {
            "required" => ([("success", Action::Ok), ("ignore", Action::Ignore)].as_slice(), Action::Bad),
            "requisite" => ([("success", Action::Ok), ("ignore", Action::Ignore)].as_slice(), Action::Die),
            "sufficient" => ([("success", Action::Done)].as_slice(), Action::Ignore),
            "optional" => ([("success", Action::Ok)].as_slice(), Action::Ignore),
            _ => return Self::parse_list(token.strip_prefix('[')?.strip_suffix(']')?),
        };
        let actions = spelled_out.iter().map(|(name, action)| ((*name).to_owned(), *action)).collect();
        Some(Self { actions, default })
    }

    /// `value=action` pairs. What is not named fails the stack.
    fn parse_list(list: &str) -> Option<Self> {
        let mut control = Self { actions: Vec::new(), default: Action::Bad };
        for pair in list.split_ascii_whitespace() {
            let (name, action) = pair.split_once('=')?;
            let action = match action {
                "ignore" => Action::Ignore,
                "bad" => Action::Bad,
                "die" => Action::Die,
                "ok" => Action::Ok,
                "done" => Action::Done,
                "reset" => Action::Reset,
                lines => Action::Jump(lines.parse().ok().filter(|lines| *lines > 0)?),
            };
            if name == "default" {
                control.default = action;
            } else {
                control.actions.push((name.to_owned(), action));
            }
        }
        Some(control)
    }
}

/// The lines of a service file that take part in signing in. What is not understood is left out.
pub(super) fn parse(text: &str) -> Vec<Line> {
    logical_lines(text).iter().filter_map(|line| parse_line(line)).collect()
}

/// Lines without comments, those that end in a backslash joined with the next.
fn logical_lines(text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut open = String::new();
    for line in text.lines() {
        let line = line.split_once('#').map_or(line, |(before, _)| before);
        match line.strip_suffix('\\') {
            Some(begun) => open.extend([begun, " "]),
            None => lines.push(std::mem::take(&mut open) + line),
        }
    }
    lines.push(open);
    lines
}

fn parse_line(line: &str) -> Option<Line> {
    let tokens = tokens(line);
    let mut tokens = tokens.iter().map(String::as_str);
    let facility = tokens.next()?;
    if facility.eq_ignore_ascii_case("@include") {
        return Some(Line::Include { file: tokens.next()?.to_owned(), substack: false });
    }
    if !facility.trim_start_matches('-').eq_ignore_ascii_case("auth") {
        return None;
    }
    let control = tokens.next()?.to_ascii_lowercase();
    let target = tokens.next()?;
    if let "include" | "substack" = control.as_str() {
        return Some(Line::Include { file: target.to_owned(), substack: control == "substack" });
    }
    Some(Line::Module(Rule {
        module: target.rsplit('/').next().unwrap_or(target).to_owned(),
        arguments: tokens.map(str::to_owned).collect(),
        control: Control::parse(&control)?,
    }))
}

/// Words, and in brackets anything up to the closing one, which `\]` is not. The control keeps its brackets, arguments lose theirs.
fn tokens(line: &str) -> Vec<String> {
    let mut tokens: Vec<String> = Vec::new();
    let mut rest = line.trim_start();
    while !rest.is_empty() {
        let (token, after) = if let Some(inner) = rest.strip_prefix('[') {
            let (token, after) = bracketed(inner);
            (if tokens.len() == 1 { format!("[{token}]") } else { token }, after)
        } else {
            let (word, after) = rest.split_at(rest.find(char::is_whitespace).unwrap_or(rest.len()));
            (word.to_owned(), after)
        };
        tokens.push(token);
        rest = after.trim_start();
    }
    tokens
}

/// What stands before the closing bracket, and what follows it.
fn bracketed(text: &str) -> (String, &str) {
    let mut token = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            ']' => break,
            '\\' if chars.as_str().starts_with(']') => token.extend(chars.next()),
            _ => token.push(c),
        }
    }
    (token, chars.as_str())
}

#[cfg(test)]
#[path = "line_tests.rs"]
mod tests;
