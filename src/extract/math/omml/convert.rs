//! OMML elements → MathML elements.

use scraper::Node;

use super::super::node::{NodeRef, attr, element, local_name};
use super::run::{self, Look};

/// Nesting beyond which the rest is dropped.
const DEPTH_MAX: usize = 64;
/// Longest MathML that is written, in bytes.
const BYTES_MAX: usize = 512 * 1024;

/// The MathML of `m:oMath` or `m:oMathPara`; `None` where nothing is in it.
pub(super) fn to_mathml(node: NodeRef<'_>) -> Option<String> {
    let mut writer = Writer { out: String::from("<math>") };
    let lines: Vec<NodeRef<'_>> = children(node, "omath").collect();
    if lines.len() > 1 {
        writer.out.push_str("<mtable>");
        for line in lines {
            writer.out.push_str("<mtr><mtd>");
            writer.children(line, false, 0);
            writer.out.push_str("</mtd></mtr>");
        }
        writer.out.push_str("</mtable>");
    } else {
        writer.children(node, false, 0);
    }
    (writer.out.len() > "<math>".len()).then(|| writer.out + "</math>")
}

struct Writer {
    out: String,
}

/// The descendants of a name that no other element of a formula parts from the node: formatting stands between.
fn children<'a>(node: NodeRef<'a>, name: &'a str) -> impl Iterator<Item = NodeRef<'a>> {
    let mut found = Vec::new();
    gather(node, name, 0, &mut found);
    found.into_iter()
}

fn gather<'a>(node: NodeRef<'a>, name: &str, depth: usize, found: &mut Vec<NodeRef<'a>>) {
    for child in node.children() {
        let Some(inner) = element(child) else { continue };
        if local_name(inner) == name && inner.name.local.contains(':') {
            found.push(child);
        } else if !inner.name.local.starts_with("m:") && depth < 16 {
            gather(child, name, depth + 1, found);
        }
    }
}

fn child<'a>(node: NodeRef<'a>, name: &'a str) -> Option<NodeRef<'a>> {
    children(node, name).next()
}

/// A property: an element anywhere in the properties of a construction, and its value.
fn property<'a>(node: NodeRef<'a>, properties: &'a str, name: &str) -> Option<&'a str> {
    let properties = child(node, properties)?;
    properties.descendants().take(64).filter_map(element).find(|e| local_name(e) == name).map(|e| {
        let value = attr(e, "m:val").or_else(|| attr(e, "val"));
        // A switch without a value is on.
        value.unwrap_or("on")
    })
}

fn is_on(value: Option<&str>) -> bool {
    matches!(value, Some("on" | "1" | "true"))
}

impl Writer {
    /// What an element holds, one after the other.
    fn children(&mut self, node: NodeRef<'_>, aligned: bool, depth: usize) {
        if depth > DEPTH_MAX || self.out.len() > BYTES_MAX {
            return;
        }
        for child in node.children() {
            if let Some(inner) = element(child) {
                let name = local_name(inner);
                if inner.name.local.starts_with("m:") {
                    self.construction(child, name, aligned, depth + 1);
                } else {
                    self.children(child, aligned, depth + 1);
                }
            }
        }
    }

    fn row(&mut self, node: Option<NodeRef<'_>>, depth: usize) {
        self.out.push_str("<mrow>");
        if let Some(node) = node {
            self.children(node, false, depth);
        }
        self.out.push_str("</mrow>");
    }

    /// An element around the named parts of a construction.
    fn parts(&mut self, open: &str, node: NodeRef<'_>, names: &[&'static str], depth: usize) {
        self.out.extend(["<", open, ">"]);
        for name in names {
            self.row(child(node, name), depth);
        }
        let name = open.split(' ').next().unwrap_or(open);
        self.out.extend(["</", name, ">"]);
    }

    fn construction(&mut self, node: NodeRef<'_>, name: &str, aligned: bool, depth: usize) {
        match name {
            "r" => self.run(node, aligned),
            "f" => match property(node, "fpr", "type") {
                Some("lin" | "skw") => self.parts("mfrac bevelled='true'", node, &["num", "den"], depth),
                Some("nobar" | "noBar") => self.parts("mfrac linethickness='0'", node, &["num", "den"], depth),
                _ => self.parts("mfrac", node, &["num", "den"], depth),
            },
            "ssup" => self.parts("msup", node, &["e", "sup"], depth),
            "ssub" => self.parts("msub", node, &["e", "sub"], depth),
            "ssubsup" => self.parts("msubsup", node, &["e", "sub", "sup"], depth),
            "spre" => {
                self.out.push_str("<mmultiscripts>");
                self.row(child(node, "e"), depth);
                self.out.push_str("<mprescripts></mprescripts>");
                self.row(child(node, "sub"), depth);
                self.row(child(node, "sup"), depth);
                self.out.push_str("</mmultiscripts>");
            }
            "rad" => {
                let degree = child(node, "deg").filter(|degree| has_text(*degree));
                if is_on(property(node, "radpr", "deghide")) || degree.is_none() {
                    self.parts("msqrt", node, &["e"], depth);
                } else {
                    self.parts("mroot", node, &["e", "deg"], depth);
                }
            }
            "nary" => self.nary(node, depth),
            "d" => self.delimited(node, depth),
            "m" => self.matrix(node, depth),
            "eqarr" => self.equations(node, depth),
            "func" => {
                self.row(child(node, "fname"), depth);
                self.out.push_str("<mo>\u{2061}</mo>");
                self.row(child(node, "e"), depth);
            }
            "acc" => {
                let mark = property(node, "accpr", "chr").unwrap_or("\u{302}").to_owned();
                self.marked("mover accent='true'", node, &mark, depth);
            }
            "bar" => match property(node, "barpr", "pos") {
                Some("top") => self.marked("mover", node, "¯", depth),
                _ => self.marked("munder", node, "_", depth),
            },
            "groupchr" => {
                let mark = property(node, "groupchrpr", "chr").unwrap_or("⏟").to_owned();
                let over = property(node, "groupchrpr", "pos") == Some("top");
                self.marked(if over { "mover" } else { "munder" }, node, &mark, depth);
            }
            "limlow" => self.parts("munder", node, &["e", "lim"], depth),
            "limupp" => self.parts("mover", node, &["e", "lim"], depth),
            "borderbox" => self.parts("menclose notation='box'", node, &["e"], depth),
            "phant" if matches!(property(node, "phantpr", "show"), Some("off" | "0" | "false")) => {
                self.parts("mphantom", node, &["e"], depth);
            }
            // Properties are read where they mean something.
            _ if name.ends_with("pr") => {}
            _ => self.children(node, aligned, depth),
        }
    }

    /// A base with a mark over or under it.
    fn marked(&mut self, open: &str, node: NodeRef<'_>, mark: &str, depth: usize) {
        self.out.extend(["<", open, ">"]);
        self.row(child(node, "e"), depth);
        run::token("mo", mark, None, &mut self.out);
        self.out.extend(["</", open.split(' ').next().unwrap_or(open), ">"]);
    }

    fn run(&mut self, node: NodeRef<'_>, aligned: bool) {
        let look =
            Look::of(property(node, "rpr", "sty"), property(node, "rpr", "scr"), is_on(property(node, "rpr", "nor")));
        let mut text = String::new();
        for inner in node.descendants().take(4096) {
            if let Node::Text(piece) = inner.value() {
                text.push_str(piece);
            }
        }
        // Lines of the file are wrapped anywhere.
        let text = if look.text { text.replace(['\n', '\r'], " ") } else { text.replace(['\n', '\r'], "") };
        run::write(&text, look, aligned, &mut self.out);
    }

    fn nary(&mut self, node: NodeRef<'_>, depth: usize) {
        let operator = property(node, "narypr", "chr").unwrap_or("∫").to_owned();
        let limits = property(node, "narypr", "limloc") == Some("undOvr")
            || property(node, "narypr", "limloc").is_none() && operator != "∫";
        let part = |name: &'static str, hide: &str| {
            child(node, name).filter(|part| has_text(*part) && !is_on(property(node, "narypr", hide)))
        };
        let (sub, sup) = (part("sub", "subhide"), part("sup", "suphide"));
        let tag = match (sub.is_some(), sup.is_some(), limits) {
            (true, true, true) => "munderover",
            (true, true, false) => "msubsup",
            (true, false, true) => "munder",
            (true, false, false) => "msub",
            (false, true, true) => "mover",
            (false, true, false) => "msup",
            (false, false, _) => "mrow",
        };
        self.out.extend(["<", tag, ">"]);
        run::token("mo", &operator, None, &mut self.out);
        for script in [sub, sup].into_iter().flatten() {
            self.row(Some(script), depth);
        }
        self.out.extend(["</", tag, ">"]);
        self.row(child(node, "e"), depth);
    }

    fn delimited(&mut self, node: NodeRef<'_>, depth: usize) {
        let fence = |name: &str, default: &str| property(node, "dpr", name).unwrap_or(default).replace("on", "");
        let (open, close) = (fence("begchr", "("), fence("endchr", ")"));
        let separator = property(node, "dpr", "sepchr").unwrap_or("|").to_owned();
        self.out.push_str("<mrow>");
        run::token("mo", &open, None, &mut self.out);
        for (n, part) in children(node, "e").enumerate() {
            if n > 0 {
                run::token("mo", &separator, None, &mut self.out);
            }
            self.out.push_str("<mrow>");
            self.children(part, false, depth);
            self.out.push_str("</mrow>");
        }
        // An empty fence closes what only opens: cases.
        run::token("mo", &close, None, &mut self.out);
        self.out.push_str("</mrow>");
    }

    fn matrix(&mut self, node: NodeRef<'_>, depth: usize) {
        self.out.push_str("<mtable>");
        for line in children(node, "mr") {
            self.out.push_str("<mtr>");
            for cell in children(line, "e") {
                self.out.push_str("<mtd>");
                self.children(cell, false, depth);
                self.out.push_str("</mtd>");
            }
            self.out.push_str("</mtr>");
        }
        self.out.push_str("</mtable>");
    }

    fn equations(&mut self, node: NodeRef<'_>, depth: usize) {
        self.out.push_str("<mtable columnalign='right left'>");
        for line in children(node, "e") {
            self.out.push_str("<mtr><mtd>");
            self.children(line, true, depth);
            self.out.push_str("</mtd></mtr>");
        }
        self.out.push_str("</mtable>");
    }
}

fn has_text(node: NodeRef<'_>) -> bool {
    node.descendants().any(|inner| matches!(inner.value(), Node::Text(text) if !text.trim().is_empty()))
}
