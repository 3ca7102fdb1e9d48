//! Which services refuse a person for lack of a passkey.

use std::collections::BTreeSet;

use passkey_core::config::{Config, Settings};

use super::compare::refuses;
use super::{MissingPasskey, ServiceAccess};
use crate::pam::parse::{Content, Include, ServiceFiles};

/// The services that refuse a person for lack of a passkey, in order.
pub(crate) fn closed(config: &Config, files: &ServiceFiles, missing: MissingPasskey) -> Vec<String> {
    let names = files.services();
    let mut closed: BTreeSet<String> = services(files)
        .into_iter()
        .filter(|service| {
            ServiceAccess::asking(files, service, config)
                .is_ok_and(|access| access.is_some_and(|access| access.is_closed_to(missing)))
        })
        .collect();
    // Where PAM has no file to look at, the configuration is believed.
    let unseen = config.service_names().filter(|service| !names.contains(*service));
    let refused = unseen.filter(|service| refuses(&config.policy(service, &Settings::default()), missing));
    closed.extend(refused.map(str::to_owned));
    closed.into_iter().collect()
}

/// The services of the machine, without the files that are there to be included.
pub(crate) fn services(files: &ServiceFiles) -> BTreeSet<String> {
    let mut names = files.services();
    let included: BTreeSet<String> = names.iter().flat_map(|name| included(files, name)).collect();
    names.retain(|name| !(included.contains(name) && is_named_like_a_part(name)));
    names
}

fn included(files: &ServiceFiles, name: &str) -> Vec<String> {
    let Ok((_, file)) = files.read(name) else { return Vec::new() };
    let targets = file.lines().iter().filter_map(|line| match &line.content {
        Content::Include(Include { target, .. }) => Some(target.clone()),
        Content::Nothing | Content::Rule(_) | Content::Flawed { .. } => None,
    });
    targets.collect()
}

/// Whether a file that others include is nothing else, as `common-auth` and `system-auth` are; `su` and `login` are services
/// that others include.
fn is_named_like_a_part(name: &str) -> bool {
    let beginnings = ["common-", "system-", "postlogin", "config-util", "base-"];
    let endings = ["-auth", "-account", "-session", "-session-noninteractive", "-password", "-login"];
    beginnings.iter().any(|beginning| name.starts_with(beginning))
        || endings.iter().any(|ending| name.ends_with(ending))
}
