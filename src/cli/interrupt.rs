//! Ctrl-C and the polite signals: the first asks for an orderly end, the second does not wait.

use tokio_util::sync::CancellationToken;

use super::printer::Printer;
use super::status::ExitStatus;

/// Watches for signals on the current runtime until the program ends.
pub(super) fn watch(cancel: CancellationToken, printer: Printer) {
    tokio::spawn(async move {
        next_signal().await;
        cancel.cancel();
        printer.note("stopping; press Ctrl-C again to stop at once");
        next_signal().await;
        #[expect(clippy::exit, reason = "the second Ctrl-C waits for nothing")]
        std::process::exit(i32::from(ExitStatus::Interrupted.code()));
    });
}

#[cfg(unix)]
async fn next_signal() {
    use tokio::signal::unix::{SignalKind, signal};

    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        // Without a handler the signal ends the program by itself.
        return wait_for_ctrl_c().await;
    };
    tokio::select! {
        () = wait_for_ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}

#[cfg(not(unix))]
async fn next_signal() {
    wait_for_ctrl_c().await;
}

async fn wait_for_ctrl_c() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
