//! Parses the arguments, hands them to the command line, and ends with its status.

use std::process::ExitCode;

/// Gives large blocks back to the system at once, where glibc would keep argon2's (see
/// `docs/decisions/0003-argon2-and-memo.md`).
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    latchkey::cli::run()
}
