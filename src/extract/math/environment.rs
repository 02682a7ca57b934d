//! Bare LaTeX environments in text: `\begin{align}…\end{align}`.

use memchr::memmem;

use super::scan::Scanner;
use super::tidy::TEX_BYTES_MAX;

/// Whether an environment is mathematics by itself.
pub(super) fn is_math(name: &str) -> bool {
    let base = name.strip_suffix('*').unwrap_or(name);
    matches!(
        base,
        "equation"
            | "align"
            | "gather"
            | "multline"
            | "eqnarray"
            | "alignat"
            | "flalign"
            | "displaymath"
            | "math"
            | "aligned"
            | "gathered"
            | "split"
            | "cases"
            | "array"
            | "matrix"
            | "pmatrix"
            | "bmatrix"
            | "vmatrix"
            | "Vmatrix"
            | "Bmatrix"
            | "smallmatrix"
            | "alignedat"
            | "subequations"
            | "dmath"
            | "IEEEeqnarray"
            | "CD"
            | "tikzcd"
            | "dcases"
            | "rcases"
            | "numcases"
            | "subarray"
            | "mathpar"
            | "prooftree"
            | "xalignat"
    )
}

/// End offset of the environment that begins at `open`, past its `\end{…}`.
pub(super) fn read(scanner: &mut Scanner<'_, '_>, open: usize) -> Option<usize> {
    let rest = scanner.block[open..].strip_prefix("\\begin{")?;
    let name_bytes = rest.bytes().take(20).position(|byte| byte == b'}')?;
    let name = &rest[..name_bytes];
    if !is_math(name) || scanner.fuel == 0 {
        return None;
    }
    let mut end = open + TEX_BYTES_MAX.min(scanner.fuel).min(scanner.block.len() - open);
    while !scanner.block.is_char_boundary(end) {
        end -= 1;
    }
    let body = &scanner.block[open..end];
    let mut depth = 0_usize;
    for at in memmem::find_iter(body.as_bytes(), name.as_bytes()) {
        if !body[at + name.len()..].starts_with('}') {
            continue;
        }
        if body[..at].ends_with("\\begin{") {
            depth += 1;
        } else if body[..at].ends_with("\\end{") {
            depth = depth.saturating_sub(1);
            if depth == 0 {
                return Some(open + at + name.len() + 1);
            }
        }
    }
    scanner.fuel = scanner.fuel.saturating_sub(body.len());
    None
}
