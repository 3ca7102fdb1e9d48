//! Where a user's credential file is: paths with `{user}`, `{uid}` and `{home}` in them.

use std::{
    fmt,
    path::{Component, Path, PathBuf},
    str::FromStr,
};

use crate::account::Account;

/// The longest user name that becomes part of a path: a file name holds 255 bytes, and suffixes need room.
const MAX_USER_NAME_LEN: usize = 200;
/// The longest path that comes out, the kernel's limit (`PATH_MAX`).
const MAX_PATH_LEN: usize = 4095;

/// A path that names one file for each user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    text: String,
    pieces: Vec<Piece>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    User,
    Uid,
    Home,
}

impl Template {
    /// Whether the file lies in the user's own directory: it is then opened as the user, never as root.
    pub fn is_per_user(&self) -> bool {
        self.pieces.contains(&Piece::Home)
    }

    /// The template as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The directory that all users' files have in common, for a template that is not per user.
    pub fn directory(&self) -> &Path {
        match self.pieces.first() {
            Some(Piece::Text(text)) => {
                Path::new(text.rsplit_once('/').map_or("", |(directory, _)| directory))
            }
            Some(Piece::User | Piece::Uid | Piece::Home) | None => Path::new(""),
        }
    }

    /// The path for `account`. Names and home directories come from outside: what could lead elsewhere is refused.
    ///
    /// # Errors
    /// When the account has no place in this template.
    pub fn expand(&self, account: &Account) -> Result<PathBuf, TemplateError> {
        if !account.has_ids() {
            return Err(TemplateError::NoId);
        }
        let mut path = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => path.push_str(text),
                Piece::User => path.push_str(file_name(&account.name)?),
                Piece::Uid => path.push_str(&account.uid.to_string()),
                Piece::Home => path.push_str(home_directory(&account.home)?),
            }
        }
        if path.len() > MAX_PATH_LEN {
            return Err(TemplateError::TooLong);
        }
        Ok(PathBuf::from(path))
    }
}

impl FromStr for Template {
    type Err = TemplateError;

    fn from_str(text: &str) -> Result<Self, TemplateError> {
        let pieces = pieces(text)?;
        let absolute = match pieces.first() {
            Some(Piece::Text(first)) => first.starts_with('/'),
            Some(Piece::Home) => {
                matches!(pieces.get(1), Some(Piece::Text(second)) if second.starts_with('/'))
            }
            Some(Piece::User | Piece::Uid) | None => false,
        };
        if !absolute {
            return Err(TemplateError::NotAbsolute);
        }
        if pieces.iter().skip(1).any(|piece| *piece == Piece::Home) {
            return Err(TemplateError::HomeNotFirst);
        }
        if pieces.iter().all(|piece| matches!(piece, Piece::Text(_))) {
            return Err(TemplateError::SharedByAll);
        }
        let literal = Path::new(text);
        let plain =
            literal.components().all(|part| matches!(part, Component::RootDir | Component::Normal(_)));
        let contains = |what: &[u8]| text.as_bytes().windows(what.len()).any(|part| part == what);
        if !plain || text.ends_with('/') || contains(b"//") || contains(b"/./") || contains(b"\0") {
            return Err(TemplateError::NotPlain);
        }
        Ok(Self { text: text.to_owned(), pieces })
    }
}

fn pieces(text: &str) -> Result<Vec<Piece>, TemplateError> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}').ok_or(TemplateError::UnknownPlaceholder)?;
        if !before.is_empty() {
            pieces.push(Piece::Text(before.to_owned()));
        }
        pieces.push(match name {
            "user" => Piece::User,
            "uid" => Piece::Uid,
            "home" => Piece::Home,
            _ => return Err(TemplateError::UnknownPlaceholder),
        });
        rest = after;
    }
    if rest.contains('}') {
        return Err(TemplateError::UnknownPlaceholder);
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest.to_owned()));
    }
    Ok(pieces)
}

/// `name` as part of a file name. A leading dot is refused as well: `.` and `..` lead elsewhere, and the store's
/// lock and temporary files begin with one.
pub(crate) fn file_name(name: &str) -> Result<&str, TemplateError> {
    let plain = !name.is_empty()
        && name.len() <= MAX_USER_NAME_LEN
        && !name.starts_with('.')
        && !name.chars().any(|c| c == '/' || c.is_control());
    plain.then_some(name).ok_or(TemplateError::UserName)
}

fn home_directory(home: &Path) -> Result<&str, TemplateError> {
    let text = home.to_str().ok_or(TemplateError::Home)?;
    let plain = home.is_absolute()
        && home.components().all(|part| matches!(part, Component::RootDir | Component::Normal(_)))
        && !text.chars().any(char::is_control)
        && text != "/";
    plain.then(|| text.trim_end_matches('/')).ok_or(TemplateError::Home)
}

/// Why a template or its expansion is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TemplateError {
    /// Does not begin with `/` or `{home}/`.
    NotAbsolute,
    /// Something else than `{user}`, `{uid}` and `{home}` in braces.
    UnknownPlaceholder,
    /// `{home}` anywhere but at the beginning.
    HomeNotFirst,
    /// No placeholder: every user would sign in with everybody's passkeys.
    SharedByAll,
    /// `.`, `..`, `//` or a slash at the end.
    NotPlain,
    /// The user or its primary group has the number that stands for none.
    NoId,
    /// The user's name cannot be part of a file name.
    UserName,
    /// The user's home directory is not a plain absolute path.
    Home,
    /// The path is longer than the system's longest.
    TooLong,
}

impl fmt::Display for TemplateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotAbsolute => "it begins neither with / nor with {home}/",
            Self::UnknownPlaceholder => "the only placeholders are {user}, {uid} and {home}",
            Self::HomeNotFirst => "{home} can stand only at the beginning",
            Self::SharedByAll => "without {user}, {uid} or {home} all users would share one file",
            Self::NotPlain => "it holds `.`, `..`, `//` or ends with /",
            Self::NoId => "the user or its primary group has no number of its own",
            Self::UserName => "the user's name cannot be part of a file name",
            Self::Home => "the user's home directory is not a plain absolute path",
            Self::TooLong => "the path is too long",
        })
    }
}

impl std::error::Error for TemplateError {}
