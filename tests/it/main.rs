//! Tests against the real binary, on ports that the system chooses.

mod harness;
mod http;

mod gate;
