//! Content MathML.
use super::super::node::NodeRef;
use super::convert::{Context, Tex};
pub(super) fn is_content(_name: &str) -> bool { false }
pub(super) fn is_operator(_name: &str) -> bool { false }
pub(super) fn write(_tex: &mut Tex, _node: NodeRef<'_>, _name: &str, _context: &Context) -> bool { false }
