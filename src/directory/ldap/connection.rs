//! Connections to one directory: opened, bound, kept for a while, and replaced where they break.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::Poll;
use std::time::Duration;

use ldap3::{LdapConnAsync, LdapConnSettings, LdapResult};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_rustls::rustls::ClientConfig;

use super::failure::{Failure, told};
use super::password;
use super::search::{Answer, Search};
use super::wire;
use crate::config::LdapConfig;
use crate::secret::PlainSecret;

/// A connection that nobody has used for so long is closed.
const IDLE: Duration = Duration::from_mins(1);
/// Unused connections that are kept.
const KEPT: usize = 4;
/// Connections at a time.
const AT_ONCE: usize = 16;
/// A server that has failed is asked after the others for so long.
const SHUNNED: Duration = Duration::from_mins(1);

/// The way to one directory.
pub(super) struct Connections {
    urls: Vec<String>,
    starttls: bool,
    bind: Option<(String, PlainSecret)>,
    patience: Duration,
    tls: Arc<ClientConfig>,
    places: Semaphore,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Bound as the service, the one used last at the end.
    idle: Vec<Idle>,
    /// Somebody closes them when their time is over.
    swept: bool,
    /// Servers, by their place in the list, and until when they come last.
    shunned: Vec<(usize, Instant)>,
}

struct Idle {
    ldap: ldap3::Ldap,
    until: Instant,
}

impl std::fmt::Debug for Connections {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connections").field("urls", &self.urls).finish_non_exhaustive()
    }
}

impl Connections {
    pub fn new(config: &LdapConfig, tls: Arc<ClientConfig>) -> Arc<Self> {
        Arc::new(Self {
            urls: config.urls.clone(),
            starttls: config.starttls,
            bind: config.bind.clone(),
            patience: config.common.timeout,
            tls,
            places: Semaphore::new(AT_ONCE),
            state: Mutex::default(),
        })
    }

    /// Asks as the service: on a connection that is there, and where that does not answer as it should, once more on
    /// new ones, server by server.
    pub async fn search(self: &Arc<Self>, search: &Search) -> Result<Answer, Failure> {
        let _place = self.place().await?;
        if let Some(ldap) = self.take() {
            // Half the time, so that a connection that a firewall has forgotten does not cost all of it.
            match self.ask(ldap, search, self.patience / 2).await {
                Ok(answer) => return Ok(answer),
                // The others are as old, and the server may have been restarted.
                Err(_) => self.lock().idle.clear(),
            }
        }
        let mut failures = Failures::default();
        for (index, url) in self.order() {
            let asked = async { self.ask(self.bound(url).await?, search, self.patience).await };
            match asked.await {
                Ok(answer) => return Ok(answer),
                Err(failure) if failure.elsewhere => failures.add(self, index, url, failure),
                Err(failure) => return Err(failure),
            }
        }
        Err(failures.told())
    }

    /// Binds as somebody else, on a connection that serves for nothing else. Only one server is asked, however it
    /// answers: directories count wrong passwords.
    pub async fn bind_once(&self, dn: &str, password: &PlainSecret) -> Result<LdapResult, Failure> {
        let _place = self.place().await?;
        let mut failures = Failures::default();
        for (index, url) in self.order() {
            let opened = self.in_time(self.open(url)).await;
            match opened {
                Ok(mut ldap) => {
                    ldap.with_controls(password::policy_request());
                    let bound = self.in_time(simple_bind(&mut ldap, dn, password)).await;
                    return bound.inspect_err(|_| self.shun(index));
                }
                Err(failure) => failures.add(self, index, url, failure),
            }
        }
        Err(failures.told())
    }

    /// A new connection, not bound yet.
    pub async fn try_open(&self, url: &str) -> Result<(), Failure> {
        self.in_time(self.open(url)).await.map(drop)
    }

    /// A new connection, bound as the service.
    pub async fn bound(&self, url: &str) -> Result<ldap3::Ldap, Failure> {
        self.in_time(async {
            let mut ldap = self.open(url).await?;
            let Some((dn, password)) = &self.bind else { return Ok(ldap) };
            let result = simple_bind(&mut ldap, dn, password).await?;
            if result.rc == 0 { Ok(ldap) } else { Err(refused(&result)) }
        })
        .await
    }

    pub fn urls(&self) -> &[String] {
        &self.urls
    }

    async fn open(&self, url: &str) -> Result<ldap3::Ldap, Failure> {
        let stream = wire::dial(url, self.starttls, &self.tls).await?;
        let settings = LdapConnSettings::new().set_std_stream(stream);
        // The way there is made already; for the library it is a socket of this machine.
        let opened = guarded(LdapConnAsync::with_settings(settings, "ldapi:///")).await?;
        let (connection, ldap) = opened.map_err(|error| Failure::of_connection(&error))?;
        // It ends with the last handle, or when the server closes it; who asks next sees that.
        tokio::spawn(async move { drop(connection.drive().await) });
        Ok(ldap)
    }

    async fn ask(
        self: &Arc<Self>,
        mut ldap: ldap3::Ldap,
        search: &Search,
        patience: Duration,
    ) -> Result<Answer, Failure> {
        let seconds = i32::try_from(patience.as_secs().max(1)).unwrap_or(i32::MAX);
        let asked = timeout(patience, guarded(search.ask(&mut ldap, seconds))).await;
        let answer = asked.map_err(|_| Failure::elsewhere("no answer in time"))???;
        self.keep(ldap);
        Ok(answer)
    }

    async fn in_time<T>(&self, work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
        timeout(self.patience, work).await.unwrap_or_else(|_| Err(Failure::elsewhere("no answer in time")))
    }

    async fn place(&self) -> Result<SemaphorePermit<'_>, Failure> {
        match timeout(self.patience, self.places.acquire()).await {
            Ok(Ok(place)) => Ok(place),
            _ => Err(Failure::last("too many questions wait for it already")),
        }
    }

    /// The servers in the order of the configuration, those that have failed lately last.
    fn order(&self) -> impl Iterator<Item = (usize, &str)> {
        let mut state = self.lock();
        let now = Instant::now();
        state.shunned.retain(|(_, until)| *until > now);
        let shunned: Vec<usize> = state.shunned.iter().map(|(index, _)| *index).collect();
        let mut order: Vec<(usize, &str)> = self.urls.iter().map(String::as_str).enumerate().collect();
        order.sort_by_key(|(index, _)| shunned.contains(index));
        order.into_iter()
    }

    fn shun(&self, index: usize) {
        let mut state = self.lock();
        state.shunned.retain(|(other, _)| *other != index);
        state.shunned.push((index, Instant::now() + SHUNNED));
    }

    fn take(&self) -> Option<ldap3::Ldap> {
        let mut state = self.lock();
        let now = Instant::now();
        while let Some(Idle { mut ldap, until }) = state.idle.pop() {
            if until > now && !ldap.is_closed() {
                return Some(ldap);
            }
        }
        None
    }

    fn keep(self: &Arc<Self>, mut ldap: ldap3::Ldap) {
        let mut state = self.lock();
        if ldap.is_closed() || state.idle.len() >= KEPT {
            return;
        }
        state.idle.push(Idle { ldap, until: Instant::now() + IDLE });
        if !state.swept {
            state.swept = true;
            tokio::spawn(sweep(Arc::downgrade(self)));
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Closes what nobody has used for long, until nothing is left.
async fn sweep(connections: Weak<Connections>) {
    let mut next = Instant::now() + IDLE;
    loop {
        sleep_until(next).await;
        let Some(connections) = connections.upgrade() else { return };
        let mut state = connections.lock();
        let now = Instant::now();
        state.idle.retain(|idle| idle.until > now);
        let Some(first) = state.idle.iter().map(|idle| idle.until).min() else {
            state.swept = false;
            return;
        };
        next = first;
    }
}

/// What has failed, server by server.
#[derive(Default)]
struct Failures(Vec<(String, Failure)>);

impl Failures {
    fn add(&mut self, connections: &Connections, index: usize, url: &str, failure: Failure) {
        connections.shun(index);
        self.0.push((url.to_owned(), failure));
    }

    fn told(self) -> Failure {
        let reasons: Vec<String> = self.0.iter().map(|(url, failure)| format!("{url}: {}", failure.reason)).collect();
        let advice = self.0.into_iter().find_map(|(_, failure)| failure.advice);
        Failure { reason: reasons.join("; "), advice, elsewhere: false }
    }
}

/// A bind by name and password. An empty one is never sent: the directory would take it for a bind of nobody, and
/// say yes (RFC 4513 §5.1.2).
async fn simple_bind(ldap: &mut ldap3::Ldap, dn: &str, password: &PlainSecret) -> Result<LdapResult, Failure> {
    if dn.is_empty() || password.expose().is_empty() {
        return Err(Failure::last("a bind without a name or a password is no bind"));
    }
    let answer = guarded(ldap.simple_bind(dn, password.expose())).await?;
    answer.map_err(|error| Failure::of_connection(&error))
}

/// The service's own bind was answered with anything but success.
fn refused(result: &LdapResult) -> Failure {
    match result.rc {
        49 | 32 | 34 | 48 | 53 | 19 => Failure::last(format!("it refuses the account in bind_dn: {}", told(result)))
            .with_advice(
                "check bind_dn and bind_password, and that the account is neither disabled nor locked and its password \
                 has not expired",
            ),
        8 | 13 => Failure::last(format!("it wants TLS before a bind: {}", told(result)))
            .with_advice("write ldaps:// in urls, or set starttls = true"),
        10 => Failure::last("it refers to another server, and referrals are not followed"),
        _ => Failure::elsewhere(format!("the bind failed: {}", told(result))),
    }
}

/// The library panics at answers that it does not expect; that must not end a request without a word.
fn guarded<T>(work: impl Future<Output = T>) -> impl Future<Output = Result<T, Failure>> {
    let mut work = Box::pin(work);
    poll_fn(move |context| match catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(context))) {
        Ok(poll) => poll.map(Ok),
        Err(_) => Poll::Ready(Err(Failure::elsewhere("its answer cannot be read"))),
    })
}
