//! Whether somebody is in the groups that the configuration names.

use std::collections::HashSet;

use ldap3::ldap_escape;

use super::dn;
use super::failure::{Failure, printable};
use super::search::{Found, Search, escaped};
use super::{Ldap, NOTHING};
use crate::config::{GroupsFrom, LdapConfig, LdapPreset};

/// Groups are followed into groups so deep.
const DEEPEST: usize = 10;
/// So many groups of one person are looked at.
const MOST: usize = 500;
/// Groups in one filter.
const TOGETHER: usize = 50;
/// `LDAP_MATCHING_RULE_IN_CHAIN` (MS-ADTS §3.1.1.3.4.4.3): through all groups in groups.
const IN_CHAIN: &str = "1.2.840.113556.1.4.1941";

/// What follows from somebody's groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Membership {
    /// The person is in a required group, or none is required.
    pub allowed: bool,
    /// The person is in a group of administrators; absent where the configuration names none.
    pub is_admin: Option<bool>,
}

/// A group as the configuration names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wanted {
    /// By its DN: as it is written, and in one form for all spellings.
    Dn(String, String),
    /// By the value of its first part.
    Name(String),
}

impl Wanted {
    pub fn of(text: &str) -> Self {
        match dn::normal(text) {
            Some(normal) => Self::Dn(text.to_owned(), normal),
            None => Self::Name(dn::normal_value(text)),
        }
    }

    pub fn text(&self) -> &str {
        match self {
            Self::Dn(text, _) | Self::Name(text) => text,
        }
    }

    fn is(&self, group: &str) -> bool {
        match self {
            Self::Dn(_, normal) => dn::normal(group).as_deref() == Some(normal),
            Self::Name(name) => dn::first_value(group).as_deref() == Some(name),
        }
    }
}

pub(super) fn wanted(groups: &[String]) -> Vec<Wanted> {
    groups.iter().map(|group| Wanted::of(group)).collect()
}

/// Attributes of a person's entry that are read for it.
pub(super) fn attributes(config: &LdapConfig) -> &'static [&'static str] {
    match (&config.groups_from, config.preset) {
        (GroupsFrom::MemberOf, LdapPreset::ActiveDirectory) => &["primaryGroupID", "objectSid"],
        (GroupsFrom::MemberOf, _) => &["memberOf"],
        (GroupsFrom::Members { .. }, _) => &["uid"],
    }
}

/// Which of two questions are answered already.
struct Hopes {
    required: Vec<Wanted>,
    admin: Vec<Wanted>,
    allowed: bool,
    is_admin: bool,
}

impl Hopes {
    fn of(config: &LdapConfig) -> Self {
        let (required, admin) = (wanted(&config.common.required_groups), wanted(&config.common.admin_groups));
        Self { allowed: required.is_empty(), is_admin: false, required, admin }
    }

    fn see(&mut self, group: &str) {
        self.allowed |= self.required.iter().any(|wanted| wanted.is(group));
        self.is_admin |= self.admin.iter().any(|wanted| wanted.is(group));
    }

    /// More groups would change nothing.
    fn are_answered(&self) -> bool {
        self.allowed && (self.is_admin || self.admin.is_empty())
    }

    fn membership(&self) -> Membership {
        Membership { allowed: self.allowed, is_admin: (!self.admin.is_empty()).then_some(self.is_admin) }
    }
}

impl Ldap {
    /// Reads as many groups as the configuration's question needs.
    pub(super) async fn membership(&self, person: &Found) -> Result<Membership, Failure> {
        let mut hopes = Hopes::of(&self.config);
        if hopes.are_answered() {
            return Ok(hopes.membership());
        }
        match (&self.config.groups_from, self.config.preset) {
            (GroupsFrom::MemberOf, LdapPreset::ActiveDirectory) => self.ask_for_each(person, &mut hopes).await?,
            _ => self.walk(person, &mut hopes).await?,
        }
        if !hopes.allowed {
            self.look_for_missing(&hopes.required).await?;
        }
        Ok(hopes.membership())
    }

    /// Goes through the person's groups, and where groups in groups count, through theirs.
    async fn walk(&self, person: &Found, hopes: &mut Hopes) -> Result<(), Failure> {
        let mut level = self.groups_of_person(person).await?;
        let mut seen = HashSet::new();
        for depth in 0.. {
            level.retain(|group| seen.insert(dn::normal(group).unwrap_or_else(|| group.clone())));
            for group in &level {
                hopes.see(group);
            }
            if level.is_empty() || hopes.are_answered() || !self.walks_on() {
                return Ok(());
            }
            if depth == DEEPEST || seen.len() > MOST {
                break;
            }
            level = self.groups_of_groups(&level).await?;
        }
        // Groups that were not looked at must not turn anybody out.
        if hopes.allowed { Ok(()) } else { Err(too_many()) }
    }

    /// FreeIPA writes groups in groups into `memberOf` by itself, and lldap has none.
    fn walks_on(&self) -> bool {
        let GroupsFrom::Members { attribute, .. } = &self.config.groups_from else {
            return self.config.nested_groups && self.config.preset == LdapPreset::OpenLdap;
        };
        self.config.nested_groups && !names_logins(attribute) && self.config.preset != LdapPreset::ActiveDirectory
    }

    async fn groups_of_person(&self, person: &Found) -> Result<Vec<String>, Failure> {
        let GroupsFrom::Members { attribute, .. } = &self.config.groups_from else {
            return Ok(person.texts("memberOf").map(str::to_owned).collect());
        };
        let member = if names_logins(attribute) {
            person.text("uid").or_else(|| person.text(&self.config.name_attribute)).map(str::to_owned)
        } else {
            Some(person.dn.clone())
        };
        match member {
            Some(member) => self.groups_with(&[member]).await,
            None => Ok(Vec::new()),
        }
    }

    async fn groups_of_groups(&self, groups: &[String]) -> Result<Vec<String>, Failure> {
        let mut above = Vec::new();
        if matches!(self.config.groups_from, GroupsFrom::Members { .. }) {
            for some in groups.chunks(TOGETHER) {
                above.extend(self.groups_with(some).await?);
            }
            return Ok(above);
        }
        for group in groups {
            let search = Search::entry(group, "(objectClass=*)", vec!["memberOf".to_owned()]);
            let answer = self.connections.search(&search).await?;
            // One that is not there any more is in no other.
            above.extend(answer.entries.iter().flat_map(|found| found.texts("memberOf")).map(str::to_owned));
        }
        Ok(above)
    }

    /// Groups that have one of these members.
    async fn groups_with(&self, members: &[String]) -> Result<Vec<String>, Failure> {
        let GroupsFrom::Members { base, attribute } = &self.config.groups_from else {
            return Ok(Vec::new());
        };
        let rule = match self.config.preset {
            LdapPreset::ActiveDirectory if self.config.nested_groups => format!("{attribute}:{IN_CHAIN}:"),
            _ => attribute.clone(),
        };
        let filter: String = members.iter().map(|member| format!("({rule}={})", ldap_escape(member))).collect();
        let search = Search::beneath(base, format!("(|{filter})"), vec![NOTHING.to_owned()], MOST);
        let answer = self.connections.search(&search).await?;
        if answer.no_base {
            return Err(Failure::last(format!("there is no {base}, or it cannot be read"))
                .with_advice("check group_base, and that the account in bind_dn may read it"));
        }
        if answer.more {
            return Err(too_many());
        }
        Ok(answer.entries.into_iter().map(|group| group.dn).collect())
    }

    /// Active Directory is asked for each of the two questions whether the person is in one of these groups: `memberOf`
    /// has neither groups in groups nor the primary group, and a long one comes in pieces.
    async fn ask_for_each(&self, person: &Found, hopes: &mut Hopes) -> Result<(), Failure> {
        let primary = self.primary_group(person).await?;
        if let Some(group) = &primary {
            hopes.see(group);
        }
        let mut members = vec![person.dn.clone()];
        members.extend(primary.filter(|_| self.config.nested_groups));
        if !hopes.allowed {
            hopes.allowed = self.is_in_one_of(&members, &hopes.required).await?;
        }
        if !hopes.is_admin && !hopes.admin.is_empty() {
            hopes.is_admin = self.is_in_one_of(&members, &hopes.admin).await?;
        }
        Ok(())
    }

    async fn is_in_one_of(&self, members: &[String], wanted: &[Wanted]) -> Result<bool, Failure> {
        let rule = if self.config.nested_groups { format!("memberOf:{IN_CHAIN}:") } else { "memberOf".to_owned() };
        let mut groups: Vec<String> = Vec::new();
        for group in wanted {
            match group {
                Wanted::Dn(text, _) => groups.push(text.clone()),
                Wanted::Name(name) => groups.extend(self.called(name).await?),
            }
        }
        if groups.is_empty() {
            return Ok(false);
        }
        let filter: String = groups.iter().map(|group| format!("({rule}={})", ldap_escape(group))).collect();
        for member in members {
            let search = Search::entry(member, &format!("(|{filter})"), vec![NOTHING.to_owned()]);
            let answer = self.connections.search(&search).await?;
            if answer.no_base {
                return Err(Failure::last("an entry has gone while its groups were looked at"));
            }
            if !answer.entries.is_empty() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The DN of the group that `primaryGroupID` points to: its SID is the person's with another last number (MS-ADA3
    /// §2.120).
    async fn primary_group(&self, person: &Found) -> Result<Option<String>, Failure> {
        let number = person.text("primaryGroupID").and_then(|text| text.parse::<u32>().ok());
        let (Some(number), Some(own)) = (number, person.values("objectSid").first()) else {
            return Ok(None);
        };
        let Some((domain, _)) = own.split_last_chunk::<4>() else { return Ok(None) };
        let sid = [domain, &number.to_le_bytes()].concat();
        let filter = format!("(objectSid={})", escaped(&sid));
        let search = Search::beneath(&self.group_base(), filter, vec![NOTHING.to_owned()], 1);
        Ok(self.connections.search(&search).await?.entries.into_iter().next().map(|group| group.dn))
    }

    /// Groups of that name, anywhere in the domain.
    pub(super) async fn called(&self, name: &str) -> Result<Vec<String>, Failure> {
        let name = ldap_escape(name);
        let filter = match self.config.preset {
            LdapPreset::ActiveDirectory => format!("(&(objectClass=group)(cn={name}))"),
            _ => format!("(cn={name})"),
        };
        let search = Search::beneath(&self.group_base(), filter, vec![NOTHING.to_owned()], TOGETHER);
        Ok(self.connections.search(&search).await?.entries.into_iter().map(|group| group.dn).collect())
    }

    /// Where groups are: as configured, or else anywhere in the domain that people are in.
    pub(super) fn group_base(&self) -> String {
        match &self.config.groups_from {
            GroupsFrom::Members { base, .. } => base.clone(),
            GroupsFrom::MemberOf => dn::domain(&self.config.user_base).unwrap_or_else(|| self.config.user_base.clone()),
        }
    }

    /// That none of the required groups exists is a mistake in the configuration, or they were renamed: nobody is turned
    /// out for it.
    async fn look_for_missing(&self, required: &[Wanted]) -> Result<(), Failure> {
        let mut missing = Vec::new();
        for group in required {
            if self.exists(group).await?.unwrap_or(true) {
                return Ok(());
            }
            missing.push(printable(group.text(), 200));
        }
        let missing = missing.join(" or ");
        Err(Failure::last(format!("there is no group {missing}, which required_groups names"))
            .with_advice("correct required_groups"))
    }

    /// Whether a group exists; `None` where a name alone says too little to look for it.
    pub(super) async fn exists(&self, group: &Wanted) -> Result<Option<bool>, Failure> {
        match group {
            Wanted::Dn(text, _) => {
                let search = Search::entry(text, "(objectClass=*)", vec![NOTHING.to_owned()]);
                Ok(Some(!self.connections.search(&search).await?.entries.is_empty()))
            }
            Wanted::Name(name) if self.config.preset == LdapPreset::ActiveDirectory => {
                Ok(Some(!self.called(name).await?.is_empty()))
            }
            Wanted::Name(_) => Ok(None),
        }
    }
}

/// `memberUid` (RFC 2307) names people by login name, all others by DN.
fn names_logins(attribute: &str) -> bool {
    attribute.eq_ignore_ascii_case("memberUid")
}

fn too_many() -> Failure {
    Failure::last(format!("somebody is in more than {MOST} groups, or in groups nested deeper than {DEEPEST}"))
        .with_advice("name a group in required_groups that people are in more directly")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_named_by_its_dn_or_by_the_value_of_its_first_part() {
        let by_dn = Wanted::of("CN=Drive Users, OU=Groups,DC=example");
        assert!(by_dn.is("cn=drive  users,ou=groups,dc=EXAMPLE"));
        assert!(!by_dn.is("cn=drive users,ou=other,dc=example"));
        let by_name = Wanted::of("Drive Users");
        assert!(by_name.is("CN=drive users,OU=anywhere,DC=example"));
        assert!(!by_name.is("CN=drive users 2,DC=example"));
        assert!(!by_name.is("CN=x,CN=drive users,DC=example"));
        assert!(Wanted::of("grün, rot").is(r"cn=Gr\C3\BCn\, Rot,dc=example"));
    }
}
