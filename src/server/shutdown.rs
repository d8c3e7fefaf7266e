//! The end: the first signal drains, the second ends.

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// How far the end has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Running,
    Draining,
    Ending,
}

/// Tells when to drain and when to end.
#[derive(Debug, Clone)]
pub struct Shutdown(watch::Receiver<Stage>);

/// Asks for the end; dropped, it asks for it at once.
#[derive(Debug)]
pub struct Trigger(watch::Sender<Stage>);

impl Trigger {
    /// Drains first, ends when asked again.
    pub fn signal(&self) {
        self.0.send_modify(|stage| {
            *stage = if *stage == Stage::Running { Stage::Draining } else { Stage::Ending };
        });
    }
}

impl Shutdown {
    /// A pair of which one asks and the other tells.
    #[must_use]
    pub fn new() -> (Trigger, Self) {
        let (sender, receiver) = watch::channel(Stage::Running);
        (Trigger(sender), Self(receiver))
    }

    /// Waits for the first signal.
    pub async fn draining(&mut self) {
        // The trigger being gone counts as asked.
        let _ = self.0.wait_for(|stage| *stage >= Stage::Draining).await;
    }

    /// Waits for the second signal.
    pub async fn ending(&mut self) {
        let _ = self.0.wait_for(|stage| *stage >= Stage::Ending).await;
    }
}

/// SIGTERM and SIGINT as a [`Shutdown`].
///
/// # Errors
/// Where the system takes no handlers.
pub fn signals() -> std::io::Result<Shutdown> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let (trigger, shutdown) = Shutdown::new();
    tokio::spawn(async move {
        loop {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            trigger.signal();
        }
    });
    Ok(shutdown)
}
