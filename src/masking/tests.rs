use proptest::prelude::*;

use super::*;
use crate::spans::commands;

const BOTH: MaskingRules = MaskingRules { emails: true, ips: true };

fn masked(text: &str) -> String {
    let mut out = String::new();
    let mut at = 0;
    for (range, kind) in masks(text, BOTH, &commands()) {
        out.push_str(&text[at..range.start]);
        out.push_str(kind.placeholder());
        at = range.end;
    }
    out + &text[at..]
}

#[track_caller]
fn check(text: &str, want: &str) {
    assert_eq!(masked(text), want);
}

#[track_caller]
fn stays(text: &str) {
    check(text, text);
}

#[test]
fn mailboxes_are_masked() {
    check("见https://foo.com，邮箱zhang@pku.edu.cn", "见https://foo.com，邮箱email@example.com");
    check("(http://x.org,jo@y.org)", "(http://x.org,email@example.com)");
    check("Write to anna.b+c@math.uni-bonn.de.", "Write to email@example.com.");
    check("(jo_1@ox.ac.uk, x@y.org)", "(email@example.com, email@example.com)");
    check("邮箱zhang@pku.edu.cn谢谢", "邮箱email@example.com谢谢");
    check("mailto:a@b.com:", "mailto:email@example.com:");
    check("josé@uva.es", "email@example.com");
    check("-- a@b.com", "-- email@example.com");
}

#[test]
fn what_is_no_mailbox_stays() {
    stays("user@example.com, me@host.test, x@localhost");
    stays("git@github.com:rust-lang/rust.git");
    stays("https://me:word@host.com/ and https://x.com/@name.org");
    stays("`a@b.com` and\n\n```\na@b.com\n```");
    stays("$a@b.com = x$ and $$x@y.org$$");
    stays("pkg@1.2.3, @decorator.name, a @ b.com, array@index.start, a@b");
    stays("@@@ .@.com a@.com a@-b.com");
}

#[test]
fn public_machines_are_masked() {
    check("The server 84.112.7.201 is down.", "The server 192.0.2.1 is down.");
    check("http://84.112.7.201:8080/x", "http://192.0.2.1:8080/x");
    check("IP:84.112.7.201, address:84.112.7.201 (:84.112.7.201)", "IP:192.0.2.1, address:192.0.2.1 (:192.0.2.1)");
    check("84.112.7.201:Denied", "192.0.2.1:Denied");
    check("ping 8.8.8.8", "ping 192.0.2.1");
    check("66.249.65.107 - - [1 May]", "192.0.2.1 - - [1 May]");
    check("at 131.220.0.0/16.", "at 192.0.2.1/16.");
    check("IP: 1.2.3.4", "IP: 192.0.2.1");
    check("from 2a00:1450:4001:81b::200e.", "from 2001:db8::1.");
}

#[test]
fn sections_versions_and_private_machines_stay() {
    stays("See 1.2.3.4 and 12.3.4.5.");
    stays("1.2.3.4 Theorem. Every x\n\n## 84.112.7.201\n\n84.112.7.201 Lemma");
    stays("Section 34.45.56.67, theorem (34.45.56.67), version: 34.45.56.67, v34.45.56.67 and V. 34.45.56.67");
    stays("第34.45.56.67节，定理 34.45.56.67");
    stays("numpy==34.45.56.67 Chrome/80.0.36.149 lib-34.45.56.67 34.45.56.67-beta");
    stays("192.168.0.1 10.200.30.40 127.0.0.1 255.255.255.0 224.100.100.100 100.64.99.99 169.254.99.99 172.16.99.99");
    stays("1.2.3.4.5 34.45.56.67.78 256.100.100.100 034.45.56.67 34.45.56");
    stays("$84.112.7.201$ `84.112.7.201` x84.112.7.201");
    stays("fe80::1 ::1 2001:db8::7 12:30:45 a::b 3:4:5 f::g std::ad");
}

#[test]
fn each_is_masked_only_where_asked_for() {
    let text = "a@b.com 84.112.7.201";
    let kinds = |emails, ips| {
        let found = masks(text, MaskingRules { emails, ips }, &commands());
        found.into_iter().map(|(_, kind)| kind).collect::<Vec<_>>()
    };
    assert_eq!(kinds(true, true), [Masked::Email, Masked::Ipv4]);
    assert_eq!(kinds(true, false), [Masked::Email]);
    assert_eq!(kinds(false, true), [Masked::Ipv4]);
    assert_eq!(kinds(false, false), []);
}

#[test]
fn hostile_texts_end_soon() {
    for text in ["@", "a@", "a@b.", "1.", "1:", "f:", "//a@b.com", "1.1.1.1 "] {
        let _ = masked(&text.repeat(50_000));
    }
}

proptest! {
    /// Ranges are in order, apart and of the text; what is masked stays masked, and formulas and code stay.
    #[test]
    fn masks_are_ranges_of_the_prose(words in prop::collection::vec(prop::sample::select(vec![
        "a@b.com", "84.112.7.201", "8.8.8.8", " ", "\n\n", "$", "`", "$x@y.org$", "`a@b.com`", "é", "中", ".", ":", "/", "@",
        "2a00:1450::1", "v", "1.2.3.4", "section ", "\\frac", "```\n", "-",
    ]), 0..30)) {
        let text = words.concat();
        let found = masks(&text, BOTH, &commands());
        let mut end = 0;
        for (range, _) in &found {
            prop_assert!(range.start >= end && range.start < range.end && text.get(range.clone()).is_some());
            end = range.end;
        }
        let apart = masked(&words.join(" "));
        prop_assert_eq!(masked(&apart), apart.clone(), "{}", text);
        let mut touched = false;
        for_each_piece(&text, &commands(), |piece| {
            if let Piece::Code(part) | Piece::Formula { tex: part, .. } = piece {
                let from = part.as_ptr() as usize - text.as_ptr() as usize;
                touched |= found.iter().any(|(range, _)| range.start < from + part.len() && from < range.end);
            }
        });
        prop_assert!(!touched, "{}", text);
    }

    /// Any public address beside a word that says so is masked, and none that is not public.
    #[test]
    fn exactly_the_public_are_masked(numbers in any::<[u8; 4]>()) {
        let [a, b, c, d] = numbers;
        let address = std::net::Ipv4Addr::from(numbers);
        let text = format!("the ip {address} of it");
        let public = !(a == 0 || a == 10 || a == 127 || a >= 224 || (a, b) == (169, 254) || (a, b) == (192, 168)
            || a == 172 && (16..32).contains(&b) || a == 100 && (64..128).contains(&b) || a == 198 && (18..20).contains(&b)
            || matches!((a, b, c), (192, 0, 0 | 2) | (198, 51, 100) | (203, 0, 113)));
        prop_assert_eq!(masked(&text) != text, public, "{} {}", text, d);
    }
}
