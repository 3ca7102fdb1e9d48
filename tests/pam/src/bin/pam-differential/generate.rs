//! Random service files.

use fastrand::Rng;

use crate::case::{self, Case, DEBUG, DENY, LIMITS, PERMIT};
use crate::controls::{answer, any_case, control};
use crate::site::{OTHER, SERVICE, Site};
use passkey_enroll::pam::parse::{Includes, Reader, ReturnValue};

/// The most gaps of a case, and answers in each.
const GAPS: usize = 4;
const ANSWERS: usize = 3;
/// How deep files may include each other is tried around this.
const DEPTH: usize = 16;

/// In so many cases of a hundred.
pub(crate) fn chance(rng: &mut Rng, percent: u8) -> bool {
    rng.u8(..100) < percent
}

pub(crate) fn one_of<T: Clone>(rng: &mut Rng, choices: &[T]) -> T {
    choices[rng.usize(..choices.len())].clone()
}

/// The case of this number.
pub(crate) fn case(site: &Site, seed: u64, number: u64) -> Case {
    let mut rng = Rng::with_seed(seed ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let chained = chance(&mut rng, 2);
    let has_bad_names = !chained && chance(&mut rng, 8);
    let parts = match (chained, has_bad_names) {
        (true, _) => rng.usize(DEPTH - 2..DEPTH + 4),
        (false, true) => 0,
        (false, false) => rng.usize(..5),
    };
    let mut generator =
        Generator { site, rng, parts, has_bad_names, has_circle: false, sets: Vec::new(), asked: Vec::new() };
    let files = if chained { generator.chain() } else { generator.files() };
    Case { files, sets: generator.sets }
}

struct Generator<'s> {
    site: &'s Site,
    rng: Rng,
    /// How many files there are to be included.
    parts: usize,
    /// Whether some names of modules are none, in files that nothing includes.
    has_bad_names: bool,
    /// Whether a file includes itself.
    has_circle: bool,
    sets: Vec<Vec<ReturnValue>>,
    /// Calls with a gap, as they stand in a line.
    asked: Vec<String>,
}

fn part(number: usize) -> String {
    format!("{SERVICE}-{number}")
}

impl Generator<'_> {
    fn files(&mut self) -> Vec<case::File> {
        let mut files = Vec::new();
        for (name, missing) in [(SERVICE, 4), (OTHER, 10)] {
            if !chance(&mut self.rng, missing) {
                let longest = if name == SERVICE { 9 } else { 4 };
                self.file(name, longest, None, &mut files);
            }
        }
        for number in 0..self.parts {
            if !chance(&mut self.rng, 5) {
                self.file(&part(number), 6, Some(number), &mut files);
            }
        }
        files
    }

    /// Files that include each other in a row.
    fn chain(&mut self) -> Vec<case::File> {
        let word = one_of(&mut self.rng, &["include", "include", "substack", "mixed"]);
        let mut files = Vec::new();
        for number in 0..=self.parts {
            let name = if number == 0 { SERVICE.to_owned() } else { part(number) };
            let mut text = String::new();
            if number == 0 || chance(&mut self.rng, 10) {
                text += &self.line(None);
            }
            if number < self.parts {
                let word =
                    if word == "mixed" { one_of(&mut self.rng, &["include", "substack"]) } else { word };
                let target = self.place_of(&part(number + 1));
                text.extend(["auth ", word, " ", &target, "\n"]);
            } else {
                text += "auth required pam_permit.so\n";
            }
            text += &self.line(None);
            files.push(case::File { name, folder: 0, template: text.into_bytes() });
        }
        files.push(case::File { name: OTHER.to_owned(), folder: 0, template: Vec::new() });
        files
    }

    /// `number`: of the file among those that are included.
    fn file(&mut self, name: &str, longest: usize, number: Option<usize>, files: &mut Vec<case::File>) {
        let folders = self.site.folders.len();
        let first = if chance(&mut self.rng, 85) { 0 } else { self.rng.usize(..folders) };
        // Another one of this name, which is hidden.
        let also = first + 1 < folders && chance(&mut self.rng, 20);
        for folder in [Some(first), also.then_some(first + 1)].into_iter().flatten() {
            let mut template = Vec::new();
            for _ in 0..self.rng.usize(..=longest) {
                let line = self.line(number);
                template.extend(self.rough(line));
            }
            if chance(&mut self.rng, 10) && template.last() == Some(&b'\n') {
                template.pop();
            }
            files.push(case::File { name: name.to_owned(), folder, template });
        }
    }

    /// A line of the file of this number, which may include those after it.
    fn line(&mut self, number: Option<usize>) -> String {
        let text = match self.rng.u8(..100) {
            0..4 => one_of(&mut self.rng, &["", "  ", "\t", "# comment", "  # auth required pam_deny.so"])
                .to_owned(),
            4..24 if !self.has_bad_names => match self.include(number) {
                Some(include) => include,
                None => self.call(),
            },
            24..30 => self.of_other_facility(),
            30..33 => self.flawed(number),
            _ => self.call(),
        };
        text + "\n"
    }

    fn call(&mut self) -> String {
        if !self.asked.is_empty() && chance(&mut self.rng, 12) {
            let asked = one_of(&mut self.rng, &self.asked);
            return format!("{}{}", self.beginning("auth"), asked);
        }
        let call = match self.rng.u8(..100) {
            0..70 => {
                let is_open = self.sets.len() < GAPS && chance(&mut self.rng, 40);
                let word = if is_open { self.gap() } else { answer(&mut self.rng).name().to_owned() };
                let call = self.debug_call(&word);
                if is_open {
                    self.asked.push(call.clone());
                }
                call
            }
            70..78 => PERMIT.to_owned(),
            78..84 => DENY.to_owned(),
            84..90 => one_of(
                &mut self.rng,
                &[
                    "pam_passkey_nosuch.so",
                    "/nonexistent/pam_debug.so",
                    "pam_debug",
                    "pam_debug.so\r",
                    "PAM_DEBUG.SO",
                ],
            )
            .to_string(),
            90..94 => LIMITS.to_owned(),
            _ => one_of(
                &mut self.rng,
                &[
                    "pam_debug.so",
                    "pam_debug.so auth=nonsense auth=auth_err",
                    "pam_debug.so AUTH=auth_err",
                    "pam_debug.so auth=AUTH_ERR",
                    "pam_debug.so auth = auth_err",
                    "pam_debug.so x[auth=auth_err]",
                    "pam_debug.so [auth=auth_err",
                    "pam_debug.so [auth=auth_err]x",
                    "pam_debug.so [auth=auth\\]_err]",
                    "pam_debug.so[] auth=auth_err",
                    "[pam_debug.so] auth=auth_err",
                    "[pam_debug.so]auth=auth_err",
                    "pam_debug.so auth=auth_err\r",
                    "pam_debug.so x\x0cauth=auth_err",
                    "pam_debug.so \u{e9} auth=maxtries",
                ],
            )
            .to_string(),
        };
        format!("{}{call}", self.beginning("auth"))
    }

    fn debug_call(&mut self, word: &str) -> String {
        let argument = match self.rng.u8(..10) {
            0 => format!("[auth={word}]"),
            1 => format!("first auth={word} cred=ignore"),
            2 => format!("[a [b \\] c] auth={word} [auth=auth_err]"),
            3 => format!("auth={word} auth=auth_err"),
            _ => format!("auth={word}"),
        };
        format!("{DEBUG}{}{argument}", one_of(&mut self.rng, &[" ", " ", " ", "\t", "   "]))
    }

    /// A new gap.
    fn gap(&mut self) -> String {
        let len = self.rng.usize(2..=ANSWERS);
        let mut set = Vec::new();
        while set.len() < len {
            let answer = answer(&mut self.rng);
            if !set.contains(&answer) {
                set.push(answer);
            }
        }
        self.sets.push(set);
        case::gap(self.sets.len() - 1)
    }

    /// The first two words of a call.
    fn beginning(&mut self, facility: &str) -> String {
        let control = control(&mut self.rng);
        // Behind a bracket nothing is needed.
        let behind =
            if control.ends_with(']') { &[" ", " ", "\t", ""][..] } else { &[" ", " ", " ", "\t", " \t "] };
        let behind = one_of(&mut self.rng, behind);
        format!(
            "{}{}{control}{behind}",
            self.facility(facility),
            one_of(&mut self.rng, &[" ", " ", "\t", "    "])
        )
    }

    fn facility(&mut self, facility: &str) -> String {
        let word = any_case(&mut self.rng, facility);
        let before = one_of(&mut self.rng, &["", "", "", "", "", "", " ", "\t"]);
        match self.rng.u8(..20) {
            0 | 1 => format!("{before}-{word}"),
            2 => format!("{before}[{word}]"),
            _ => format!("{before}{word}"),
        }
    }

    /// How a file can be named where it is included.
    fn place_of(&mut self, name: &str) -> String {
        if self.site.includes_by_name() && chance(&mut self.rng, 60) {
            return name.to_owned();
        }
        one_of(&mut self.rng, &self.site.folders).join(name).display().to_string()
    }

    fn include(&mut self, number: Option<usize>) -> Option<String> {
        let first = number.map_or(0, |number| number + 1);
        let target = match self.rng.u8(..100) {
            0..4 => part(999),
            4..8 => "/nonexistent/x".to_owned(),
            // Files that include themselves crash the old reader.
            8..14 if self.site.dialect.reader == Reader::New && !self.has_circle => {
                // Two of them, and libpam is at it for minutes.
                self.has_circle = true;
                let own = number.map_or_else(|| SERVICE.to_owned(), part);
                self.place_of(&own)
            }
            14..16 => self.place_of(OTHER),
            _ if first < self.parts => {
                let chosen = part(self.rng.usize(first..self.parts));
                self.place_of(&chosen)
            }
            _ => return None,
        };
        // `other` includes no `other`, which would be a circle.
        if target.ends_with(OTHER) && self.site.dialect.reader == Reader::Old {
            return None;
        }
        if chance(&mut self.rng, 25) {
            let word = any_case(&mut self.rng, "@include");
            return Some(format!("{}{word} {target}", one_of(&mut self.rng, &["", "", "", "-"])));
        }
        let facility =
            one_of(&mut self.rng, &["auth", "auth", "auth", "auth", "account", "session", "bogus"]);
        let word = one_of(&mut self.rng, &["include", "substack"]);
        let word = any_case(&mut self.rng, word);
        Some(format!("{} {word} {target}", self.facility(facility)))
    }

    fn of_other_facility(&mut self) -> String {
        let facility = one_of(&mut self.rng, &["account", "account", "session", "password"]);
        let answer = answer(&mut self.rng).name();
        let call = one_of(
            &mut self.rng,
            &[
                format!("{DEBUG} acct={answer}"),
                format!("{DEBUG} acct={answer}"),
                PERMIT.to_owned(),
                DENY.to_owned(),
            ],
        );
        format!("{}{call}", self.beginning(facility))
    }

    /// A line that libpam does not take as one would think.
    fn flawed(&mut self, number: Option<usize>) -> String {
        let word = control(&mut self.rng);
        match self.rng.u8(..100) {
            0..30 => format!(
                "{} {word} {DEBUG}",
                one_of(&mut self.rng, &["foo", "auths", "@auth", "--auth", "[auth", "\r"])
            ),
            30..50 => format!("{} {word}", one_of(&mut self.rng, &["auth", "account", "foo"])),
            50..65 => (one_of(&mut self.rng, &["auth", "account", "-auth", "foo", "-", "[]"])).to_owned(),
            // These refuse the whole file.
            65..73 if self.has_bad_names && number.is_none() => {
                let name = one_of(&mut self.rng, &["/", ".so", "?", "?.so", "[]", "dir/", "."]);
                format!("{} {word} {name}", one_of(&mut self.rng, &["auth", "session"]))
            }
            // Without a target some crash.
            73..78 if self.site.dialect.includes == Includes::LikeServices => "auth include".to_owned(),
            78..80 if self.site.dialect.includes == Includes::LikeServices => "session substack".to_owned(),
            80..82 if self.site.dialect.includes == Includes::LikeServices => "@include".to_owned(),
            // And these are no flaws.
            84..90 => format!("auth {word} dir/{DEBUG}"),
            _ => format!("auth {word} [/nonexistent/a b.so]"),
        }
    }

    /// The line as somebody may have written it.
    fn rough(&mut self, line: String) -> Vec<u8> {
        let mut line = line;
        if chance(&mut self.rng, 8) {
            line = self.continued(&line);
        }
        if chance(&mut self.rng, 3) {
            let end = line.len() - 1;
            if let Some(at) = line.char_indices().map(|(at, _)| at).nth(self.rng.usize(..=end)) {
                line.insert_str(at, one_of(&mut self.rng, &["#", " # "]));
            }
        }
        if chance(&mut self.rng, 2) {
            line = line.replace('\n', "\r\n");
        }
        if chance(&mut self.rng, 3) {
            line = line
                .replace('\n', one_of(&mut self.rng, &[" \n", "\t\n", " # comment\n", " # goes on? \\\n"]));
        }
        if chance(&mut self.rng, 1) {
            // Around the length that the old reader takes.
            let wanted = one_of(&mut self.rng, &[1000, 1022, 1023, 1024, 1100, 3000, 9000]);
            let blanks = " ".repeat(wanted - line.len().min(wanted));
            let at = line.find(' ').unwrap_or(0);
            line.insert_str(at, &blanks);
        }
        let mut bytes = line.into_bytes();
        if chance(&mut self.rng, 1) {
            // It is no text in any encoding of today; in an argument nobody minds.
            bytes.splice(bytes.len() - 1..bytes.len() - 1, *b" x\xff\xe9");
        }
        bytes
    }

    /// Broken at a blank, or somewhere in a word.
    fn continued(&mut self, line: &str) -> String {
        let blanks: Vec<usize> = line.match_indices([' ', '\t']).map(|(at, _)| at).collect();
        let at = if blanks.is_empty() || chance(&mut self.rng, 10) {
            self.rng.usize(..line.len())
        } else {
            one_of(&mut self.rng, &blanks)
        };
        if !line.is_char_boundary(at) {
            return line.to_owned();
        }
        let (before, behind) = line.split_at(at);
        let between = one_of(
            &mut self.rng,
            &[
                "\\\n",
                "\\\n",
                " \\\n",
                " \\  \n\t ",
                " \\\n\n",
                " \\\n  \n",
                " \\\n# comment\n",
                " \\\n  # comment\n\n",
                " \\\n \\\n",
                " \\\n# goes on? \\\n",
                " \\\r\n",
                " \\x\n",
                " \\\\\n",
            ],
        );
        format!("{before}{between}{behind}")
    }
}
