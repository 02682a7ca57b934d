use super::super::source::tests::source;
use super::super::source::{Order, Source};
use super::*;

fn mixture(folder: &std::path::Path, sources: &[(&[&str], f64, Order)]) -> Mixture {
    let open = |(i, (texts, weight, order)): (usize, &(&[&str], f64, Order))| -> Source {
        let folder = folder.join(i.to_string());
        source(&folder, texts, |rules| {
            rules.name = format!("s{i}");
            rules.weight = *weight;
            rules.order = *order;
        })
        .unwrap()
    };
    Mixture::new(sources.iter().enumerate().map(open).collect()).unwrap()
}

fn packer(mixture: &Mixture, context: usize, packing: Packing) -> Packer<'_> {
    Packer { mixture, context, packing, pad: 9 }
}

/// Letters as they stand, `<` and `>` for the tokens that begin and end a document, `-` for none.
fn shown(tokens: &[u32]) -> String {
    let letter = |token: &u32| match *token {
        0 => '<',
        1 => '>',
        9 => '_',
        IGNORED => '-',
        token => char::from_u32(token + 32 - 3).unwrap(),
    };
    tokens.iter().map(letter).collect()
}

#[track_caller]
fn check(texts: &[&str], packing: Packing, want: &[(&str, &str, &[u32])]) {
    let folder = tempfile::tempdir().unwrap();
    let mixture = mixture(folder.path(), &[(texts, 1.0, Order::Rank)]);
    let packer = packer(&mixture, 6, packing);
    let mut place = packer.start();
    for (tokens, targets, segments) in want {
        let (rows, next) = packer.rows(1, &place);
        assert_eq!((shown(&rows.tokens).as_str(), shown(&rows.targets).as_str()), (*tokens, *targets));
        assert_eq!(rows.segments, *segments);
        place = next;
    }
}

#[test]
fn documents_see_themselves_and_go_on_in_the_next_row() {
    check(
        &["ab", "cdef"],
        Packing::Documents,
        &[
            ("<ab><c", "ab>-cd", &[0, 0, 0, 0, 1, 1]),
            ("def><a", "ef>-ab", &[0, 0, 0, 0, 1, 1]),
            ("b><cde", ">-cdef", &[0, 0, 1, 1, 1, 1]),
        ],
    );
}

#[test]
fn a_running_text_has_one_segment() {
    check(&["ab", "cdef"], Packing::Concatenated, &[("<ab><c", "ab>-cd", &[0; 6]), ("def><a", "ef>-ab", &[0; 6])]);
}

#[test]
fn whole_examples_are_never_split() {
    check(
        &["ab", "cd", "efghij"],
        Packing::Whole,
        &[
            ("<ab>__", "ab>---", &[0, 0, 0, 0, 1, 2]),
            ("<cd>__", "cd>---", &[0, 0, 0, 0, 1, 2]),
            ("<efghi", "efghij", &[0; 6]),
            ("<ab>__", "ab>---", &[0, 0, 0, 0, 1, 2]),
        ],
    );
    check(&["a", "b"], Packing::WholeConcatenated, &[("<a><b>", "a>-b>-", &[0; 6])]);
}

/// Rows that the tokens of each document come from, in order, whatever the size of the steps.
#[test]
fn a_run_that_resumes_sees_the_same_rows() {
    let folder = tempfile::tempdir().unwrap();
    let texts: Vec<String> = (0..23).map(|i| "abcdefghijklmnopqrstuvw"[..i].to_owned()).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let other = ["zzzzzzzzzzzz", "yyyy", "x"];
    let sources = [(&texts[..], 0.7, Order::Shuffled), (&other[..], 0.3, Order::Rank)];
    let mixture = mixture(folder.path(), &sources);
    for packing in [Packing::Documents, Packing::Concatenated, Packing::Whole, Packing::WholeConcatenated] {
        let packer = packer(&mixture, 16, packing);
        let (whole, end) = packer.rows(60, &packer.start());
        let mut parts = Rows::default();
        let mut place = packer.start();
        for count in [1, 2, 3, 1, 13, 7, 33] {
            let stored = serde_json::to_string(&place).unwrap();
            let (rows, next) = packer.rows(count, &serde_json::from_str(&stored).unwrap());
            parts.extend(rows);
            place = next;
        }
        assert_eq!((&parts, &place), (&whole, &end), "{packing:?}");
        let shares: Vec<f64> = place.sources.iter().map(|source| source.taken as f64).collect();
        let share = shares[0] / (shares[0] + shares[1]);
        assert!((share - 0.7).abs() < 0.03, "{packing:?}: {share}");
        assert!(place.sources[0].epoch > 0 && whole.tokens.len() == 60 * 16);
    }
}

#[test]
fn every_token_of_an_epoch_is_seen_once() {
    let folder = tempfile::tempdir().unwrap();
    let texts = ["ab", "cdefghijk", "l", "mn", "opqrstu"];
    let mixture = mixture(folder.path(), &[(&texts, 1.0, Order::Rank)]);
    let packer = packer(&mixture, 5, Packing::Documents);
    let source = &mixture.sources()[0];
    let (rows, _) = packer.rows((source.tokens() / 5) as usize, &packer.start());
    assert_eq!(shown(&rows.tokens), "<ab><cdefghijk><l><mn><opqrstu>"[..rows.tokens.len()]);
    // All but the first tokens of the documents are learnt, each once.
    assert_eq!(shown(&rows.targets).replace('-', ""), "ab>cdefghijk>l>mn>opqrstu>"[..rows.trained()]);
}

#[test]
fn weights_must_sum_to_one() {
    let folder = tempfile::tempdir().unwrap();
    let open = |weight: f64| source(folder.path(), &["a", "b"], |rules| rules.weight = weight).unwrap();
    let message = |weights: &[f64]| Mixture::new(weights.iter().map(|w| open(*w)).collect()).unwrap_err().to_string();
    assert!(message(&[0.5, 0.6]).contains("the weights of the sources: expected a sum of 1, found 1.1"));
    assert!(message(&[1.5, -0.5]).contains("expected a number above 0, found -0.5 for \"letters\""));
    assert!(message(&[]).contains("expected a sum of 1, found 0"));
    assert!(Mixture::new(vec![open(0.3), open(0.7)]).is_ok());
}
