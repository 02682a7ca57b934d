//! Completion scripts and man pages, made from the arguments themselves.

use std::io::Write;
use std::path::PathBuf;

use clap::{Args, Command};
use clap_complete::Shell;

use crate::cli::{CommandResult, Failure};
use crate::io::atomic;

/// `completions`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  corpus-build completions bash > ~/.local/share/bash-completion/completions/corpus-build
  corpus-build completions zsh > ~/.zfunc/_corpus-build")]
pub(crate) struct Completions {
    /// The shell.
    #[arg(value_enum)]
    shell: Shell,
}

impl Completions {
    pub(crate) fn run(self, command: &mut Command, out: &mut dyn Write) -> CommandResult {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, command, "corpus-build", &mut script);
        out.write_all(&script)?;
        Ok(())
    }
}

/// `man`.
#[derive(Args, Debug)]
#[command(after_help = "\
Example:
  corpus-build man ~/.local/share/man/man1 && man corpus-build-iterate")]
pub(crate) struct Man {
    /// The folder; made where it is missing. One page a command.
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

impl Man {
    pub(crate) fn run(self, command: &Command) -> CommandResult {
        self.write(command, "corpus-build")
    }

    fn write(&self, command: &Command, name: &str) -> Result<(), Failure> {
        let mut page = Vec::new();
        clap_mangen::Man::new(command.clone()).title(name.to_uppercase()).render(&mut page)?;
        atomic::write(self.folder.join(format!("{name}.1")), page)?;
        for inner in command.get_subcommands().filter(|c| c.get_name() != "help") {
            self.write(inner, &format!("{name}-{}", inner.get_name()))?;
        }
        Ok(())
    }
}
