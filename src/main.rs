//! The program: parses the command line, calls the library, turns the result into an exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    ferrobyte::cli::main()
}
