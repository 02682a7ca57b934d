//! What the processes of a run tell each other of an exploration: outputs and their verdicts, as numbers.

use crate::train::comm::Comm;
use crate::train::error::{Result, TrainError};
use crate::train::reward::Verdict;
use crate::train::sample::{End, Output};

/// Outputs to a question with their verdicts.
pub(super) type JudgedGroup = (Vec<Output>, Vec<Verdict>);

/// How ends are told: as their place here, after 0 for none.
const ENDS: [End; 4] = [End::Token, End::Text, End::Length, End::Context];

/// The groups of all processes in the order of their questions: question i is of process i modulo their number.
///
/// # Errors
/// Another process is gone.
pub(super) fn all_groups(comm: &dyn Comm, own: Vec<JudgedGroup>) -> Result<Vec<JudgedGroup>> {
    if comm.world() == 1 {
        return Ok(own);
    }
    let mut numbers = Vec::new();
    own.iter().for_each(|group| write(group, &mut numbers));
    let lists = comm.gather(&numbers)?;
    let mut readers: Vec<std::slice::Iter<'_, f64>> = lists.iter().map(|list| list.iter()).collect();
    let mut groups = Vec::new();
    let world = comm.world();
    while let Some(group) = read(&mut readers[groups.len() % world])? {
        groups.push(group);
    }
    Ok(groups)
}

fn write((outputs, verdicts): &JudgedGroup, numbers: &mut Vec<f64>) {
    numbers.push(outputs.len() as f64);
    for (output, verdict) in outputs.iter().zip(verdicts) {
        let end = output.end.and_then(|end| ENDS.iter().position(|known| *known == end)).map_or(0, |place| place + 1);
        let right = verdict.right.map_or(-1.0, f64::from);
        numbers.extend([output.tokens.len() as f64, end as f64, verdict.outcome, right, verdict.steps.len() as f64]);
        numbers.extend(verdict.steps.iter().flat_map(|(last, reward)| [*last as f64, *reward]));
        for i in 0..output.tokens.len() {
            let [log_p, entropy] = [output.log_probs[i], output.entropies[i]].map(f64::from);
            let kept = &output.kept[i];
            numbers.extend([
                f64::from(output.tokens[i]),
                log_p,
                entropy,
                f64::from(output.chosen[i]),
                kept.len() as f64,
            ]);
            numbers.extend(kept.iter().map(|token| f64::from(*token)));
        }
    }
}

/// The next group; none at the end.
fn read(numbers: &mut std::slice::Iter<'_, f64>) -> Result<Option<JudgedGroup>> {
    let Some(count) = numbers.next() else { return Ok(None) };
    let cut = || TrainError::Exchange("a group of outputs that is cut".to_owned());
    let mut next = || numbers.next().copied().ok_or_else(cut);
    let (mut outputs, mut verdicts) = (Vec::new(), Vec::new());
    for _ in 0..*count as usize {
        let (length, end) = (next()? as usize, next()? as usize);
        let mut output =
            Output { end: end.checked_sub(1).and_then(|place| ENDS.get(place).copied()), ..Output::default() };
        let (outcome, right, steps) = (next()?, next()?, next()? as usize);
        let mut verdict = Verdict { outcome, right: (right >= 0.0).then_some(right > 0.0), steps: Vec::new() };
        for _ in 0..steps {
            verdict.steps.push((next()? as usize, next()?));
        }
        for _ in 0..length {
            output.tokens.push(next()? as u32);
            output.log_probs.push(next()? as f32);
            output.entropies.push(next()? as f32);
            output.chosen.push(next()? > 0.0);
            let kept = next()? as usize;
            output.kept.push((0..kept).map(|_| Ok(next()? as u32)).collect::<Result<_>>()?);
        }
        outputs.push(output);
        verdicts.push(verdict);
    }
    Ok(Some((outputs, verdicts)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::comm::Threads;

    fn group(number: u32) -> JudgedGroup {
        let output = |tokens: usize, end| Output {
            tokens: vec![number; tokens],
            log_probs: vec![-0.1; tokens],
            kept: (0..tokens as u32).map(|i| (0..i).collect()).collect(),
            entropies: vec![0.3; tokens],
            chosen: (0..tokens).map(|i| i % 2 == 0).collect(),
            end,
        };
        let verdict = |steps: &[(usize, f64)], right| Verdict { outcome: 0.1, steps: steps.to_vec(), right };
        let outputs = vec![output(3, Some(End::Context)), output(0, None), output(1, Some(End::Token))];
        (outputs, vec![verdict(&[(0, 1.0), (2, -0.7)], Some(true)), verdict(&[], None), verdict(&[], Some(false))])
    }

    #[test]
    fn all_processes_have_all_groups_in_order() {
        for count in [0, 1, 2, 5, 6] {
            let found: Vec<Vec<JudgedGroup>> = std::thread::scope(|scope| {
                let run = |comm: Threads| {
                    let own = (0..count).filter(|i| *i as usize % 3 == comm.rank()).map(group).collect();
                    all_groups(&comm, own).unwrap()
                };
                let handles: Vec<_> = Threads::new(3).into_iter().map(|comm| scope.spawn(move || run(comm))).collect();
                handles.into_iter().map(|handle| handle.join().unwrap()).collect()
            });
            let want: Vec<JudgedGroup> = (0..count).map(group).collect();
            assert!(found.iter().all(|groups| *groups == want), "{count}");
        }
    }
}
