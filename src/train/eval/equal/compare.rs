//! Answers of every shape: which rule compares two of them.

use std::cell::Cell;

use super::super::expression::evaluate::{Steps, Value};
use super::super::expression::field::Real;
use super::super::expression::node::{Constant, Node, Relation};
use super::Verdict;
use super::relations;

/// Lists of so many items are compared by their values first.
const KEYED_MIN: usize = 6;

/// One comparison of answers, with the work it has left and what it had to assume.
pub(super) struct Comparison {
    pub(super) steps: Steps,
    /// A number was taken for a rounding of another.
    pub(super) rounded: Cell<bool>,
}

impl Comparison {
    pub(super) fn new() -> Self {
        Self { steps: Steps::new(), rounded: Cell::new(false) }
    }

    /// The verdict of a comparison that found its answers equal.
    pub(super) fn verdict(&self) -> Verdict {
        if self.rounded.get() { Verdict::Rounded } else { Verdict::Equal }
    }

    pub(super) fn gave_up(&self) -> bool {
        self.steps.spent()
    }

    /// Whether two answers are equal.
    pub(super) fn same(&self, found: &Node, truth: &Node) -> bool {
        if self.steps.take(4).is_none() {
            return false;
        }
        if found == truth {
            return true;
        }
        if self.steps.take(found.size() + truth.size()).is_none() {
            return false;
        }
        let (found, truth) = (&settled(found), &settled(truth));
        if let (Some(found), Some(truth)) = (spelled(found), spelled(truth))
            && (matches!(found, (_, true)) || matches!(truth, (_, true)))
        {
            return found.0 == truth.0;
        }
        if (is_region(found) || is_region(truth))
            && let Some(same) = self.same_region(found, truth)
        {
            return same;
        }
        if let (Node::List(..) | Node::Set(_), _) | (_, Node::List(..) | Node::Set(_)) = (found, truth) {
            return self.same_items(found, truth);
        }
        match (found, truth) {
            (Node::Chain(..), _) | (_, Node::Chain(..)) => self.same_relation(found, truth),
            (Node::Tuple(open, a, close), Node::Tuple(other_open, b, other_close)) => {
                let round = |c: char| match c {
                    '⟨' => '(',
                    '⟩' => ')',
                    c => c,
                };
                // Of two items the brackets say which ends an interval has; a vector has whichever it likes.
                let brackets =
                    (round(*open), round(*close)) == (round(*other_open), round(*other_close)) || a.len() > 2;
                brackets && self.same_in_order(a, b)
            }
            (Node::Matrix(rows), Node::Matrix(others)) => {
                rows.len() == others.len() && rows.iter().zip(others).all(|(row, other)| self.same_in_order(row, other))
            }
            (Node::Tuple(_, items, _), Node::Matrix(rows)) | (Node::Matrix(rows), Node::Tuple(_, items, _)) => {
                let vector: Vec<Node> = rows.iter().flatten().cloned().collect();
                rows.iter().all(|row| row.len() == 1) && self.same_in_order(&vector, items)
                    || rows.len() == 1 && self.same_in_order(&vector, items)
            }
            (Node::Based(digits, base), Node::Based(others, other)) => {
                let value = |digits: &str, base: u32| u128::from_str_radix(digits, base).ok();
                digits == others && base == other
                    || value(digits, *base).is_some_and(|number| Some(number) == value(others, *other))
            }
            // The question says which base, and an answer may leave it out.
            (Node::Based(digits, _), Node::Number(literal)) | (Node::Number(literal), Node::Based(digits, _)) => {
                literal.is_integer() && *digits == literal.value.to_string()
            }
            (Node::Ratio(a), Node::Ratio(b)) if a.len() == b.len() && a.len() > 2 => {
                a.iter().zip(b).skip(1).all(|(x, y)| {
                    let ratio = |x: &Node, first: &Node| Node::Quotient(Box::new(x.clone()), Box::new(first.clone()));
                    self.same_quantity(&ratio(x, &a[0]), &ratio(y, &b[0]))
                })
            }
            _ => self.same_quantity(found, truth),
        }
    }

    pub(super) fn same_in_order(&self, found: &[Node], truth: &[Node]) -> bool {
        found.len() == truth.len() && found.iter().zip(truth).all(|(a, b)| self.same(a, b))
    }

    /// Lists and sets, one of them at least.
    fn same_items(&self, found: &Node, truth: &Node) -> bool {
        let sets = matches!(found, Node::Set(_)) || matches!(truth, Node::Set(_));
        match (found, truth) {
            // 1, 3 beside (1, 3): the order is all there is.
            (Node::List(items, _), Node::Tuple(_, others, _)) | (Node::Tuple(_, others, _), Node::List(items, _)) => {
                let values: Vec<Node> = items.iter().map(|item| relations::value(item).1).collect();
                if self.same_in_order(&values, others) {
                    return true;
                }
            }
            // 1, 3 beside a vector of one column.
            (Node::List(items, _), Node::Matrix(rows)) | (Node::Matrix(rows), Node::List(items, _)) => {
                let others: Vec<Node> = rows.iter().flatten().cloned().collect();
                if others.len() == rows.len() && self.same_in_order(items, &others) {
                    return true;
                }
            }
            _ => {}
        }
        let (founds, truths) = (items(found), items(truth));
        let labels = |items: &[Node]| -> Option<Vec<Node>> {
            let labels: Vec<Node> = items.iter().map(|item| relations::value(item).0).collect::<Option<_>>()?;
            let distinct = labels.iter().enumerate().all(|(i, label)| !labels[..i].contains(label));
            (distinct && labels.len() > 1).then_some(labels)
        };
        let values = |items: &[Node]| items.iter().map(|item| relations::value(item).1).collect::<Vec<Node>>();
        match (labels(&founds), labels(&truths)) {
            (Some(a), Some(b)) => {
                let found_value = |label: &Node| Some(&founds[a.iter().position(|other| other == label)?]);
                if b.iter().all(|label| a.contains(label)) {
                    return a.len() == b.len()
                        && b.iter().zip(&truths).all(|(label, truth)| {
                            found_value(label)
                                .is_some_and(|found| self.same(&relations::value(found).1, &relations::value(truth).1))
                        });
                }
                // Other names for the same things, in the same order.
                self.same_in_order(&values(&founds), &values(&truths))
            }
            (Some(_), None) | (None, Some(_)) if !sets && founds.len() == truths.len() => {
                self.same_in_order(&values(&founds), &values(&truths))
            }
            _ => self.same_in_any_order(&founds, &truths),
        }
    }

    /// Items that match one by one. One said twice counts once, unless the answer wanted says one twice.
    fn same_in_any_order(&self, found: &[Node], truth: &[Node]) -> bool {
        let wanted = self.distinct(truth);
        let (found, truth) =
            if wanted.len() == truth.len() { (self.distinct(found), wanted) } else { (found.to_vec(), truth.to_vec()) };
        if found.len() != truth.len() {
            return false;
        }
        let (keys, mut left): (Vec<_>, Vec<_>) =
            (self.keys(&found), self.keys(&truth).into_iter().zip(&truth).collect());
        found.iter().zip(keys).all(|(item, key)| {
            let same = |(other_key, other): &(Option<f64>, &Node)| !apart(key, *other_key) && self.same(item, other);
            match left.iter().position(same) {
                Some(at) => {
                    left.swap_remove(at);
                    true
                }
                None => false,
            }
        })
    }

    fn distinct(&self, items: &[Node]) -> Vec<Node> {
        let mut out: Vec<(Option<f64>, &Node)> = Vec::new();
        for (key, item) in self.keys(items).into_iter().zip(items) {
            if !out.iter().any(|(other_key, other)| !apart(key, *other_key) && self.same(item, other)) {
                out.push((key, item));
            }
        }
        out.into_iter().map(|(_, item)| item.clone()).collect()
    }

    /// The value of each item at one point, where items with other values are not the same: of plain expressions.
    fn keys(&self, items: &[Node]) -> Vec<Option<f64>> {
        let changes = |node: &Node| {
            matches!(
                node,
                Node::Quantity(..) | Node::Percent(_) | Node::Based(..) | Node::Text(_) | Node::PlusMinus(..)
            )
        };
        let key = |item: &Node| match self.real(item, 1, true) {
            Some(Value::Scalar(Real(value))) if value.is_finite() && !item.any(&changes) => Some(value),
            _ => None,
        };
        // Of few items each is compared with each.
        if items.len() < KEYED_MIN { vec![None; items.len()] } else { items.iter().map(key).collect() }
    }
}

/// Whether values are farther apart than those of two items that are the same ever are.
fn apart(a: Option<f64>, b: Option<f64>) -> bool {
    a.zip(b).is_some_and(|(a, b)| (a - b).abs() > 0.01 * a.abs().max(b.abs()))
}

/// The answer with every ± written out as two, and what only says where a variable is taken from left out.
fn settled(node: &Node) -> Node {
    let mut node = node.clone();
    if node.any(&|node| matches!(node, Node::PlusMinus(..))) {
        let both = |item: &Node| match settled_item(item) {
            Some([plus, minus]) => vec![plus, minus],
            None => vec![item.clone()],
        };
        node = match &node {
            Node::List(items, or) => Node::List(items.iter().flat_map(both).collect(), *or),
            Node::Set(items) => Node::Set(items.iter().flat_map(both).collect()),
            other => Node::List(both(other), true),
        };
    }
    if let Node::List(items, or) = &node {
        let kept: Vec<Node> = items.iter().filter(|item| !is_domain(item)).cloned().collect();
        if kept.len() == 1 {
            return kept[0].clone();
        }
        if !kept.is_empty() && kept.len() < items.len() {
            return Node::List(kept, *or);
        }
    }
    node
}

fn settled_item(item: &Node) -> Option<[Node; 2]> {
    item.any(&|node| matches!(node, Node::PlusMinus(..))).then(|| [item.signed(false), item.signed(true)])
}

/// `k ∈ ℤ`
fn is_domain(node: &Node) -> bool {
    match node {
        Node::Chain(_, rest) => matches!(rest.as_slice(), [(Relation::In, Node::Space(_))]),
        _ => false,
    }
}

/// The items of a list; nested lists of single values are one list.
fn items(node: &Node) -> Vec<Node> {
    match node {
        Node::List(items, _) | Node::Set(items) => items.clone(),
        // x ∈ {1, 2} and x = 1, 2
        Node::Chain(..) => match relations::value(node) {
            (Some(_), Node::List(items, _) | Node::Set(items)) => items,
            _ => vec![node.clone()],
        },
        node => vec![node.clone()],
    }
}

/// The letters of what is a word or could be one, lower case; whether it is a word.
fn spelled(node: &Node) -> Option<(String, bool)> {
    match node {
        Node::Text(words) => {
            Some((words.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect(), true))
        }
        Node::Symbol(name) => Some((name.to_lowercase(), false)),
        Node::Constant(Constant::E) => Some(("e".to_owned(), false)),
        Node::Constant(Constant::I) => Some(("i".to_owned(), false)),
        Node::Product(factors) => {
            let letters: Option<String> = factors.iter().map(|factor| spelled(factor).map(|(name, _)| name)).collect();
            Some((letters?, false))
        }
        _ => None,
    }
}

/// Whether the answer is a set of numbers by its bounds or its conditions.
fn is_region(node: &Node) -> bool {
    match node {
        Node::Union(_) | Node::Intersection(_) | Node::Difference(..) | Node::Builder(..) | Node::Space(_) => true,
        Node::Tuple(open, items, close) => {
            items.len() == 2
                && ((*open, *close) != ('(', ')')
                    || items.iter().any(|item| item.any(&|node| *node == Node::Constant(Constant::Infinity))))
        }
        Node::Chain(_, rest) => {
            rest.iter().any(|(relation, _)| {
                matches!(
                    relation,
                    Relation::Less
                        | Relation::LessEqual
                        | Relation::Greater
                        | Relation::GreaterEqual
                        | Relation::NotEqual
                )
            }) || matches!(rest.as_slice(), [(Relation::In, region)] if is_region(region))
        }
        Node::List(items, _) => !items.is_empty() && items.iter().all(is_region),
        _ => false,
    }
}
