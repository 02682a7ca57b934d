//! Arguments as typed, dispatch, and one place where errors become messages and exit codes.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};

use crate::commands;
use crate::config::ByteSize;
use crate::decontaminate::benchmarks::BenchmarkError;
use crate::io::http::HttpError;
use crate::rounds::RoundError;

/// From Common Crawl WARC files to a ranked mathematical training corpus.
#[derive(Parser, Debug)]
#[command(name = "corpus-build", version, propagate_version = true, arg_required_else_help = true, after_help = EXAMPLES)]
pub struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    command: Command,
}

/// Heads the options that every command has, so that its own stand first.
const GLOBAL: &str = "Options of every command";

const EXAMPLES: &str = "\
Examples:
  corpus-build iterate --round 1                     the whole first round of ./pipeline.toml
  corpus-build iterate --round 1 --dry-run           what is done and what would run
  corpus-build iterate --until-converged             round after round, until they hardly differ
  corpus-build init --crawl CC-MAIN-2025-05          a pipeline.toml for a real crawl
  corpus-build --set 'crawl.paths=[\"x.warc.gz\"]' iterate --round 1
  corpus-build inspect out/rounds/01/shards/part-00000.parquet

The stages one by one, into the same folder and with the same result as iterate:
  corpus-build extract && corpus-build quality && corpus-build dedup
  corpus-build boilerplate && corpus-build decontaminate
  corpus-build classify train && corpus-build classify score && corpus-build rank

Results go to standard output, progress and log lines to standard error. \
The variable CORPUS_BUILD_LOG sets what is logged: CORPUS_BUILD_LOG=debug.

Exit codes: 0 done; 1 the run failed; 2 wrong usage or configuration, or the input files \
cannot be listed.";

#[derive(Args, Debug)]
pub(crate) struct Global {
    /// Configuration file [default: pipeline.toml in the working folder, where there is one].
    #[arg(long, global = true, value_name = "FILE", help_heading = GLOBAL)]
    pub(crate) config: Option<PathBuf>,
    /// Lay one value over the configuration; may be repeated.
    #[arg(long = "set", global = true, value_name = "KEY=VALUE", help_heading = GLOBAL, long_help = "Lay one value over the configuration, as a dotted key and a TOML value: --set 'rank.token_budget=\"60k\"'. Texts keep their quotes. May be repeated, the last wins. Relative paths are relative to the working folder.")]
    pub(crate) sets: Vec<String>,
    /// Worker threads [default: one a core]. The output does not depend on it.
    #[arg(long, global = true, value_name = "N", help_heading = GLOBAL, value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) threads: Option<u16>,
    /// Memory for sorts before they spill to disk, as "2 GB" [default: run.memory, else 1 GiB]. No cap on the whole
    /// program.
    #[arg(long, global = true, value_name = "BYTES", help_heading = GLOBAL, value_parser = byte_size)]
    pub(crate) memory: Option<ByteSize>,
    /// Form of log lines, on standard error.
    #[arg(long, global = true, value_enum, default_value_t = Log::Text, help_heading = GLOBAL)]
    pub(crate) log: Log,
    /// No progress, and only warnings and errors on standard error.
    #[arg(long, short, global = true, help_heading = GLOBAL)]
    pub(crate) quiet: bool,
}

fn byte_size(text: &str) -> Result<ByteSize, String> {
    ByteSize::parse(text).ok_or_else(|| "expected a size such as 1048576, \"512 MiB\" or \"2 GB\"".to_owned())
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Log {
    /// Lines for people.
    Text,
    /// One JSON object a line.
    Json,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Write a pipeline.toml with every knob, for a real crawl.
    Init(commands::init::Init),
    /// Mirror the crawl's remote files into a folder, resuming what is half there.
    Fetch(commands::fetch::Fetch),
    /// Turn a folder of HTML into a WARC file of Common Crawl's shape.
    Pack(commands::pack::Pack),
    /// Read WARC files into pages with their text and formulas.
    Extract(commands::stages::Extract),
    /// Find pages that are not worth keeping, by rules on their prose.
    Quality(commands::quality::Quality),
    /// Find pages that are the same page: by address, by text, by nearly the same text.
    Dedup(commands::stages::Dedup),
    /// Find paragraphs that a site repeats on page after page.
    Boilerplate(commands::boilerplate::BoilerplateCommand),
    /// Remove what benchmarks ask from pages.
    Decontaminate(commands::decontaminate::Decontaminate),
    /// Import a seed corpus: the examples of mathematical pages.
    Seed(commands::stages::SeedCommand),
    /// Train the classifier, or score pages with it.
    Classify(commands::stages::Classify),
    /// Rank the scored pages, cut at the token budget, write the shards.
    Rank(commands::stages::RankCommand),
    /// Find the mathematical domains of a round and which of their URLs are: what an annotator is shown.
    Domains(commands::domains::DomainsCommand),
    /// Say which URL prefixes of a round's math-related domains hold mathematics.
    Annotate(commands::annotate::Annotate),
    /// Fetch pages under accepted prefixes that a URL index names and the crawl's files do not hold.
    Recall(commands::recall::Recall),
    /// Run rounds: whatever is missing of them, from WARC files to ranked shards, each trained on what the one before
    /// recalled.
    Iterate(commands::iterate::Iterate),
    /// Write the report of a round, or compare two rounds.
    Report(commands::report::Report),
    /// Train a language model on the shards: pre-training, fine-tuning.
    #[cfg(feature = "train")]
    Train(commands::train::Train),
    /// Continue a text with a model.
    #[cfg(feature = "train")]
    Generate(commands::generate::Generate),
    /// Put benchmarks to a model: its answers, whether they are right, pass@k and maj@k.
    #[cfg(feature = "train")]
    Eval(commands::eval::Eval),
    /// Show schema, counts, quantiles and a few rows of a file that these commands read or write.
    Inspect(commands::inspect::Inspect),
    /// Print a completion script for a shell.
    Completions(commands::docs::Completions),
    /// Write man pages into a folder.
    Man(commands::docs::Man),
}

/// What a command ends with when it does not end well.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Wrong usage or configuration: exit code 2.
    Usage(Box<dyn std::error::Error + Send + Sync>),
    /// The run failed: exit code 1.
    Run(Box<dyn std::error::Error + Send + Sync>),
}

impl<E: std::error::Error + Send + Sync + 'static> From<E> for Failure {
    fn from(error: E) -> Self {
        let error: Box<dyn std::error::Error + Send + Sync> = Box::new(error);
        let of_config = error.is::<crate::config::ConfigError>()
            || error.downcast_ref::<BenchmarkError>().is_some_and(BenchmarkError::is_of_listing)
            || error.downcast_ref::<RoundError>().is_some_and(|e| matches!(e, RoundError::Config(_)));
        if of_config || (error.is::<crate::crawl::CrawlError>() && !has_cause::<HttpError>(&*error)) {
            Self::Usage(error)
        } else {
            Self::Run(error)
        }
    }
}

/// Whether an error of this type is among the causes.
fn has_cause<E: std::error::Error + 'static>(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut cause = error.source();
    while let Some(error) = cause {
        if error.is::<E>() {
            return true;
        }
        cause = error.source();
    }
    false
}

impl Failure {
    pub(crate) fn run(error: Box<dyn std::error::Error + Send + Sync>) -> Self {
        Self::Run(error)
    }
}

pub(crate) type CommandResult = Result<(), Failure>;

/// Parses the arguments, runs the command, prints what went wrong.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    start_log(&cli.global);
    let mut out = std::io::stdout().lock();
    let global = &cli.global;
    let result = match cli.command {
        Command::Init(args) => args.run(&mut out),
        Command::Fetch(args) => args.run(global, &mut out),
        Command::Pack(args) => args.run(&mut out),
        Command::Extract(args) => args.run(global, &mut out),
        Command::Quality(args) => args.run(global, &mut out),
        Command::Dedup(args) => args.run(global, &mut out),
        Command::Boilerplate(args) => args.run(global, &mut out),
        Command::Decontaminate(args) => args.run(global, &mut out),
        Command::Seed(args) => args.run(global, &mut out),
        Command::Classify(args) => args.run(global, &mut out),
        Command::Rank(args) => args.run(global, &mut out),
        Command::Domains(args) => args.run(global, &mut out),
        Command::Annotate(args) => args.run(global, &mut out),
        Command::Recall(args) => args.run(global, &mut out),
        Command::Iterate(args) => args.run(global, &mut out),
        Command::Report(args) => args.run(global, &mut out),
        #[cfg(feature = "train")]
        Command::Train(args) => args.run(global, &mut out),
        #[cfg(feature = "train")]
        Command::Generate(args) => args.run(global, &mut out),
        #[cfg(feature = "train")]
        Command::Eval(args) => args.run(global, &mut out),
        Command::Inspect(args) => args.run(&mut out),
        Command::Completions(args) => args.run(&mut Cli::command(), &mut out),
        Command::Man(args) => args.run(&Cli::command()),
    };
    match result.and_then(|()| Ok(out.flush()?)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Usage(error)) => report(&*error, 2),
        Err(Failure::Run(error)) => report(&*error, 1),
    }
}

/// Prints the chain of causes. A reader that closed the pipe is no failure.
fn report(error: &(dyn std::error::Error + 'static), code: u8) -> ExitCode {
    if error.downcast_ref::<std::io::Error>().is_some_and(|e| e.kind() == std::io::ErrorKind::BrokenPipe) {
        return ExitCode::SUCCESS;
    }
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        if !line.contains(&text) {
            line.push_str(": ");
            line.push_str(&text);
        }
        cause = error.source();
    }
    let _ = writeln!(std::io::stderr(), "error: {line}");
    ExitCode::from(code)
}

/// Prints an error and ends the process, whatever other threads wait for.
#[cfg(feature = "nccl")]
pub(crate) fn end(error: &(dyn std::error::Error + 'static), code: u8) -> ! {
    let _ = report(error, code);
    std::process::exit(i32::from(code))
}

fn start_log(global: &Global) {
    use tracing_subscriber::EnvFilter;
    let level = if global.quiet { "warn" } else { "info" };
    let filter = EnvFilter::builder()
        .with_env_var("CORPUS_BUILD_LOG")
        .try_from_env()
        .unwrap_or_else(|_| EnvFilter::new(format!("warn,corpus_build={level}")));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_target(false)
        .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()));
    match global.log {
        Log::Text => builder.init(),
        Log::Json => builder.json().init(),
    }
}
