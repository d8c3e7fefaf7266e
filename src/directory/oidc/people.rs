//! From tokens to a person: userinfo and, for Entra, Microsoft Graph are asked for what a token does not say.

use reqwest::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::Oidc;
use super::claims::{Claims, Groups, needs_groups, same_person, unsaid};
use super::http::Silence;
use super::id_token::Flaw;
use super::metadata::Metadata;
use crate::config::OidcPreset;
use crate::directory::Person;
use crate::model::Identity;
use crate::secret::PlainSecret;

/// Most pages of groups that are read; a page has up to 999.
const MOST_PAGES: usize = 20;

/// What it means that a claim is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unsaid {
    /// That there is nothing to say: whoever is in no group gets a token without groups.
    Nothing,
    /// Anything: less may be said at a refresh than at a sign-in (OpenID Connect Core 1.0 §12.2).
    Unknown,
}

/// A page of Microsoft Graph's answer ("List a user's memberships (direct and transitive)", Microsoft Graph v1.0).
#[derive(Deserialize)]
struct Page {
    value: Vec<Member>,
    #[serde(rename = "@odata.nextLink")]
    next: Option<String>,
}

#[derive(Deserialize)]
struct Member {
    id: String,
    /// Directory roles and administrative units are among them, too.
    #[serde(rename = "@odata.type")]
    kind: Option<String>,
}

impl Member {
    fn is_group(&self) -> bool {
        self.kind.as_deref().is_none_or(|kind| kind == "#microsoft.graph.group")
    }
}

impl Oidc {
    /// Makes the person of claims; `None` where groups are needed and nothing is known of them.
    pub(super) async fn person(
        &self,
        metadata: &Metadata,
        mut claims: Claims,
        identity: Identity,
        token: Option<&PlainSecret>,
        unsaid: Unsaid,
    ) -> Result<Option<Person>, Flaw> {
        let mut unsaid = unsaid;
        if claims.lack(&self.config) && metadata.userinfo_endpoint.is_some() && token.is_some() {
            // That it does not answer says nothing, and above all not that somebody is in no group.
            if !self.ask_userinfo(metadata, &mut claims, &identity, token).await? {
                unsaid = Unsaid::Unknown;
            }
        }
        self.person_of(claims, identity, token, unsaid).await
    }

    /// The same of all claims that can be had.
    pub(super) async fn person_of(
        &self,
        claims: Claims,
        identity: Identity,
        token: Option<&PlainSecret>,
        unsaid: Unsaid,
    ) -> Result<Option<Person>, Flaw> {
        if !needs_groups(&self.config) {
            return Ok(Some(claims.person(&self.config, identity, None, unsaid)));
        }
        let groups = self.groups(&claims, token, unsaid).await.map_err(Flaw::Silence)?;
        Ok(groups.map(|groups| claims.person(&self.config, identity, Some(&groups), unsaid)))
    }

    /// Adds what userinfo says (OpenID Connect Core 1.0 §5.3), and tells whether it said something. That the token does
    /// not reach there is no failure.
    pub(super) async fn ask_userinfo(
        &self,
        metadata: &Metadata,
        claims: &mut Claims,
        identity: &Identity,
        token: Option<&PlainSecret>,
    ) -> Result<bool, Flaw> {
        let (Some(url), Some(token)) = (&metadata.userinfo_endpoint, token) else { return Ok(false) };
        let answer = self.http.look(url, Some(token)).await.map_err(Flaw::Silence)?;
        if matches!(answer.status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::NOT_FOUND) {
            return Ok(false);
        }
        if answer.status != StatusCode::OK {
            return Err(Flaw::Silence(answer.unexpected(url)));
        }
        let said: Map<String, Value> = answer.json(url).map_err(Flaw::Silence)?;
        if !same_person(&said, &identity.subject) {
            return Err(Flaw::new("userinfo is of somebody else (sub)"));
        }
        claims.add(said);
        Ok(true)
    }

    async fn groups(
        &self,
        claims: &Claims,
        token: Option<&PlainSecret>,
        meaning: Unsaid,
    ) -> Result<Option<Vec<String>>, Silence> {
        match (claims.groups(&self.config.groups_claim), &self.config.graph) {
            (Groups::All(groups), _) => Ok(Some(groups)),
            (Groups::Elsewhere, Some(graph)) => self.ask_graph(graph, token).await.map(Some),
            (Groups::Elsewhere, None) => Err(unsaid(&self.config)),
            (Groups::Unsaid, _) if meaning == Unsaid::Nothing => Ok(Some(Vec::new())),
            (Groups::Unsaid, _) => Ok(None),
        }
    }

    /// Asks Microsoft Graph for all groups, those in groups among them. The address is the configured one: the token's
    /// own (`_claim_sources`) is of an API that is no more, and following it would send an access token wherever it says.
    /// Groups are picked out here: to have Graph do so is an advanced query, which an index answers that may be late.
    async fn ask_graph(&self, graph: &str, token: Option<&PlainSecret>) -> Result<Vec<String>, Silence> {
        let token = token.ok_or_else(|| {
            Silence(
                "there are more groups than a token holds, and no access token to ask Microsoft Graph by".to_owned(),
            )
        })?;
        let mut url = format!("{graph}/v1.0/me/transitiveMemberOf?$select=id&$top=999");
        let mut groups = Vec::new();
        for _ in 0..MOST_PAGES {
            let answer = self.http.look(&url, Some(token)).await?;
            if matches!(answer.status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
                let advice = "give the application the delegated permission User.Read of Microsoft Graph, name it in \
                              scopes, or have the token carry only groups assigned to the \
                              application";
                return Err(Silence(format!(
                    "there are more groups than a token holds, and Microsoft Graph refuses to tell them ({}): {advice}",
                    answer.status
                )));
            }
            if answer.status != StatusCode::OK {
                return Err(answer.unexpected(&url));
            }
            let page: Page = answer.json(&url)?;
            groups.extend(page.value.into_iter().filter(Member::is_group).map(|member| member.id));
            match page.next {
                None => return Ok(groups),
                Some(next) if next.starts_with(&format!("{graph}/")) => url = next,
                Some(_) => return Err(Silence("Microsoft Graph leads to another server for more groups".to_owned())),
            }
        }
        Err(Silence(format!("there are more than {MOST_PAGES} pages of groups")))
    }

    /// What it means at a refresh that an ID token says nothing of groups. Entra and Keycloak make it anew by the same
    /// rules as at a sign-in, and leave the claim out where there are none: to take that for silence would keep whoever
    /// was taken out of their last group. Others may say less.
    pub(super) fn unsaid_at_refresh(&self) -> Unsaid {
        match self.config.preset {
            OidcPreset::Entra | OidcPreset::Keycloak => Unsaid::Nothing,
            OidcPreset::Generic | OidcPreset::Google => Unsaid::Unknown,
        }
    }
}
