//! The `poolhouse` program: the allocator, and the command line over the real assembly.

use std::process::ExitCode;

/// Returns memory to the system sooner than the C library's, which keeps idle memory low.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    poolhouse::cli::main(&poolhouse::assembly::Poolhouse)
}
