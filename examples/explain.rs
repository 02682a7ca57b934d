//! Prints a page's outline with what is dropped.
use corpus_build::extract::{self, content, dom, encoding, math, outline};
fn main() {
    let file = std::env::args().nth(1).unwrap();
    let min: u32 = std::env::args().nth(2).and_then(|n| n.parse().ok()).unwrap_or(0);
    let body = std::fs::read(file).unwrap();
    let text = encoding::decode(&body, None, None);
    let html = dom::parse(&text, dom::Scripting::On, &extract::ExtractRules::default()).unwrap();
    let settings = math::PageMath::read(&html);
    let found = math::find(&html, &settings);
    let root =
        html.root_element().children().find(|c| c.value().as_element().is_some_and(|e| e.name() == "body")).unwrap();
    let outline = outline::Outline::build(root, &found, dom::Scripting::On);
    let selection = content::select(&outline);
    let mut depth = vec![];
    for (at, entry) in outline.entries.iter().enumerate() {
        while depth.last().is_some_and(|end| *end <= at) {
            depth.pop();
        }
        match entry.kind {
            outline::Kind::Element(_, e) => {
                if entry.stats.text >= min.max(1) || entry.stats.formulas > 0 {
                    let mark = if selection.dropped(at) {
                        "X"
                    } else if selection.root == at {
                        "R"
                    } else {
                        " "
                    };
                    let s = entry.stats;
                    println!(
                        "{mark}{:w$}{}.{}#{} t{} g{} l{}% f{} h{:?}",
                        "",
                        e.name(),
                        e.attr("class").unwrap_or("").split_whitespace().collect::<Vec<_>>().join("."),
                        e.attr("id").unwrap_or(""),
                        s.text,
                        s.good,
                        s.link_percent(),
                        s.formulas,
                        entry.hints,
                        w = depth.len()
                    );
                }
                depth.push(entry.end as usize);
            }
            outline::Kind::Text(t) if t.trim().len() as u32 >= min.max(1) => {
                println!(" {:w$}{:?}", "", t.trim().chars().take(60).collect::<String>(), w = depth.len())
            }
            _ => {}
        }
    }
}
