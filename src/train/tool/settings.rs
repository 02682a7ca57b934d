//! The section `[tool]` of a run: which Python, and how much a program may use.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::error::SandboxError;

/// `[tool]` as it is written; every key may be left out.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct RawTool {
    python: PathBuf,
    rounds_max: usize,
    shown_chars_max: usize,
    cpu_seconds: u64,
    wall_seconds: u64,
    memory_bytes: u64,
    processes_max: u64,
    file_bytes: u64,
    tmp_bytes: u64,
    output_bytes: usize,
    code_bytes: usize,
}

impl Default for RawTool {
    fn default() -> Self {
        Self {
            python: PathBuf::from("python3"),
            rounds_max: 2,
            shown_chars_max: 1000,
            cpu_seconds: 5,
            wall_seconds: 15,
            memory_bytes: 512 << 20,
            processes_max: 8,
            file_bytes: 16 << 20,
            tmp_bytes: 64 << 20,
            output_bytes: 64 << 10,
            code_bytes: 64 << 10,
        }
    }
}

/// Tools as a run uses them. [`ToolSettings::default`] is what a file without `[tool]` means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolSettings {
    /// A name that is looked for on the `PATH`, each of that name until one works, or a path.
    pub python: PathBuf,
    /// How often a program is run for one answer; the paper's tool-integrated answers take up to 2.
    pub rounds_max: usize,
    /// So many characters of a program's output are shown to the model.
    pub shown_chars_max: usize,
    /// What one run of a program may use.
    pub limits: Limits,
}

impl Default for ToolSettings {
    fn default() -> Self {
        Self::unchecked(RawTool::default())
    }
}

/// What one run of a program may use.
///
/// Memory, CPU and open files are bounded for each process. The whole is bounded by the number of processes: 8 of them
/// with 512 MB can take 3 GB (two are the sandbox's own, one of them small), besides `tmp_bytes`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Seconds of CPU. The limit that binds a program that computes, so that what comes of it does not depend on how busy
    /// the machine is.
    pub cpu_seconds: u64,
    /// Seconds by the clock, from when the interpreter is up: for programs that wait. Longer than those of CPU.
    pub wall_seconds: u64,
    /// Address space.
    pub memory_bytes: u64,
    /// Processes and threads, with the sandbox's own two.
    pub processes_max: u64,
    /// The largest file.
    pub file_bytes: u64,
    /// All files in the private `/tmp`.
    pub tmp_bytes: u64,
    /// What is read of standard output, and of standard error. At more the program is ended.
    pub output_bytes: usize,
    /// The longest program, all blocks together.
    pub code_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        ToolSettings::default().limits
    }
}

impl ToolSettings {
    fn unchecked(raw: RawTool) -> Self {
        let RawTool {
            python, rounds_max, shown_chars_max, cpu_seconds, wall_seconds, memory_bytes, processes_max, ..
        } = raw;
        let RawTool { file_bytes, tmp_bytes, output_bytes, code_bytes, .. } = raw;
        let limits = Limits {
            cpu_seconds,
            wall_seconds,
            memory_bytes,
            processes_max,
            file_bytes,
            tmp_bytes,
            output_bytes,
            code_bytes,
        };
        Self { python, rounds_max, shown_chars_max, limits }
    }
}

impl TryFrom<RawTool> for ToolSettings {
    type Error = SandboxError;

    fn try_from(raw: RawTool) -> Result<Self, SandboxError> {
        let refuse = |key, expected, found: u64| Err(SandboxError::Setting { key, expected, found: found.to_string() });
        match &raw {
            RawTool { rounds_max: n @ (0 | 101..), .. } => refuse("rounds_max", "1 to 100", *n as u64),
            RawTool { cpu_seconds: n @ (0 | 3601..), .. } => refuse("cpu_seconds", "1 to 3600", *n),
            RawTool { wall_seconds: n @ (0 | 3601..), .. } => refuse("wall_seconds", "1 to 3600", *n),
            RawTool { memory_bytes: n @ 0..0x400_0000, .. } => refuse("memory_bytes", "64 MiB or more", *n),
            RawTool { processes_max: n @ (0..2 | 4097..), .. } => refuse("processes_max", "2 to 4096", *n),
            RawTool { tmp_bytes: n @ 0..4096, .. } => refuse("tmp_bytes", "4096 or more", *n),
            RawTool { output_bytes: n @ (0 | 0x4000_0001..), .. } => refuse("output_bytes", "1 to 1 GiB", *n as u64),
            RawTool { code_bytes: n @ (0 | 0x4000_0001..), .. } => refuse("code_bytes", "1 to 1 GiB", *n as u64),
            _ => Ok(Self::unchecked(raw)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn read(text: &str) -> Result<ToolSettings, String> {
        let raw: RawTool = toml::from_str(text).map_err(|e| e.to_string())?;
        ToolSettings::try_from(raw).map_err(|e| e.to_string())
    }

    #[test]
    fn what_is_left_out_has_a_value_and_what_is_wrong_is_named() {
        assert_eq!(read("").unwrap(), ToolSettings::default());
        assert_eq!(read("cpu_seconds = 9").unwrap().limits.cpu_seconds, 9);
        assert_eq!(read("rounds_max = 0").unwrap_err(), "tool.rounds_max: expected 1 to 100, found 0");
        assert_eq!(read("memory_bytes = 1000").unwrap_err(), "tool.memory_bytes: expected 64 MiB or more, found 1000");
        assert!(read("cpu_second = 9").unwrap_err().contains("unknown field `cpu_second`"));
    }
}
