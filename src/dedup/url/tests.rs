use proptest::prelude::*;

use super::*;

#[track_caller]
fn check(url: &str, want: &str) {
    let got = address(url).map(|a| a.normalised);
    assert_eq!(got.as_deref(), Some(want), "{url}");
    let again = got.as_deref().and_then(address).map(|a| a.normalised);
    assert_eq!(again, got, "{url}: normalising is not final");
}

#[track_caller]
fn check_domain(url: &str, host: &str, domain: &str) {
    let got = address(url).map(|a| (a.host, a.domain));
    assert_eq!(got, Some((host.to_owned(), domain.to_owned())), "{url}");
}

#[test]
fn scheme_host_and_port() {
    check("HTTP://Example.COM", "https://example.com/");
    check("https://example.com:443/", "https://example.com/");
    check("https://example.com:80/", "https://example.com/");
    check("http://example.com:8080/a", "https://example.com:8080/a");
    check("http://user:pw@example.com./a", "https://example.com/a");
    check("http://www.example.com/", "https://example.com/");
    check("http://www.www.example.com/", "https://example.com/");
    check("http://www.gov.uk/a", "https://www.gov.uk/a");
    check("http://www.com/a", "https://www.com/a");
    check("http://bücher.example/", "https://xn--bcher-kva.example/");
    check("http://0x7f.1/", "https://127.0.0.1/");
    check("http://[2001:DB8::1]:8000/", "https://[2001:db8::1]:8000/");
    check("http://BÜCHER。example/", "https://xn--bcher-kva.example/");
    check("http://b%C3%BCcher.example/", "https://xn--bcher-kva.example/");
    check("http://xn--BCHER-kva.example/", "https://xn--bcher-kva.example/");
}

#[test]
fn paths() {
    check("http://a.org/b/../c/./d//e/", "https://a.org/c/d/e");
    check("http://a.org/%7Euser/%41%2fb%c3%a9/é", "https://a.org/~user/A%2Fb%C3%A9/%C3%A9");
    check("http://a.org/f_%28x%29", "https://a.org/f_(x)");
    check("http://a.org/a|b[1]", "https://a.org/a%7Cb%5B1%5D");
    check("http://a.org/100%", "https://a.org/100%25");
    check("http://a.org/x/index.html", "https://a.org/x");
    check("http://a.org/Index.HTML", "https://a.org/");
    check("http://a.org/index.php?id=1", "https://a.org/index.php?id=1");
    check("http://a.org/index.php?utm_source=x", "https://a.org/");
    check("http://a.org/index.php/en", "https://a.org/index.php/en");
    check("http://a.org/p.do;jsessionid=0A1B.node2?x=1", "https://a.org/p.do?x=1");
    check("http://a.org/p;v=1;jsessionid=0A1B/q", "https://a.org/p;v=1/q");
    check("http://a.org/a/%2e%2e;jsessionid=1/b", "https://a.org/b");
    check("http://a.org/p.do;JSESSIONID=0A1B!-12?x=1", "https://a.org/p.do?x=1");
    check("http://a.org/p.do%3bjsessionid%3d0A1B/q%3Bv", "https://a.org/p.do/q%3Bv");
    check("http://a.org/p;PHPSESSID=q1;;sid=0123456789abcdef", "https://a.org/p");
    check("http://a.org/p;sid=7", "https://a.org/p;sid=7");
    check("http://a.org/(S(lit3py55t21z5v55vlm25s55))/p.aspx", "https://a.org/p.aspx");
    check("http://a.org/(X(1)S(lit3py55t21z5v55vlm25s55)F(a-b))/p.aspx", "https://a.org/p.aspx");
    check("http://a.org/(lit3py55t21z5v55vlm25s55)/p.aspx", "https://a.org/p.aspx");
    check("http://a.org/(Sine)/f(x)/(S)/()", "https://a.org/(Sine)/f(x)/(S)/()");
    check("http://a.org/Category%3AAlgebra%2c%40%24", "https://a.org/Category:Algebra,@$");
    check("http://a.org/a%2bb+c%3d%26%3f%23%25", "https://a.org/a%2Bb+c%3D%26%3F%23%25");
    check("http://a.org/%2541%zz%", "https://a.org/%2541%25zz%25");
    check("http://a.org\\b\\.\\c\t", "https://a.org/b/c");
    check("http://a.org/x/default.aspx/", "https://a.org/x");
    check("http://a.org/x/index.html#!top", "https://a.org/x/index.html#!top");
}

#[test]
fn queries_and_fragments() {
    check("http://a.org/p?", "https://a.org/p");
    check("http://a.org/p?&&b=2&a=1&b=1&", "https://a.org/p?a=1&b=2&b=1");
    check("http://a.org/p?q=a%20b&c+d", "https://a.org/p?c+d&q=a+b");
    check("http://a.org/p?id=7&utm_source=x&UTM_Medium=y&fbclid=z&gclid", "https://a.org/p?id=7");
    check("http://a.org/p?sid=0123456789abcdef0123456789abcdef&t=1", "https://a.org/p?t=1");
    check("http://a.org/p?sid=42&s=integration", "https://a.org/p?s=integration&sid=42");
    check("http://a.org/p?PHPSESSID=q1&x=", "https://a.org/p?x=");
    check("http://a.org/p#theorem-2", "https://a.org/p");
    check("http://a.org/p#!", "https://a.org/p");
    check("http://a.org/p#!/topic/%7ex", "https://a.org/p#!/topic/~x");
    check("http://a.org/p?spm=1&c%2B%2b=%26", "https://a.org/p?c%2B%2B=%26");
    check("http://a.org/p?u=http%3A%2f%2Fb.org%2f%3Fx,y%40z", "https://a.org/p?u=http://b.org/?x,y@z");
    check("http://a.org/p?id=1&amp;utm_source=x&amp;page=2", "https://a.org/p?amp;page=2&id=1");
    check("http://a.org/p?a=1;jsessionid=0A1B!7;b=x;y", "https://a.org/p?a=1;b=x;y");
    check("http://a.org/p?utm_source=x;y;id=5", "https://a.org/p?id=5");
    check("http://a.org/p?q=a;b&jsessionid=1;PHPSESSID=2", "https://a.org/p?q=a;b");
    check("http://a.org/p?sessionid=Ab3dEf6hIj9kLm2n&session_id=12", "https://a.org/p?session_id=12");
    check("http://a.org/p?s=Ab3dEf6hIj9kLm2n", "https://a.org/p?s=Ab3dEf6hIj9kLm2n");
    check("http://a.org/p?replytocom=7&WT.mc_id=x&hmsr=y&bd_vid=1", "https://a.org/p");
    check("http://a.org/p?%75tm%5Fsource=x&osCsid=1&CFID=2&cftoken=3&ASPSESSIONIDQQ=4", "https://a.org/p");
}

#[test]
fn what_is_no_address() {
    for url in ["", "a.org/p", "ftp://a.org/", "mailto:x@a.org", "http://", "http://./", "http://a..org/", "data:,x"] {
        assert_eq!(address(url), None, "{url}");
    }
    assert_eq!(address(&format!("http://{}com/", "www.".repeat(63))), None);
}

#[test]
fn domains() {
    check_domain("http://www.maths.ox.ac.uk/a", "www.maths.ox.ac.uk", "ox.ac.uk");
    check_domain("http://me.github.io/", "me.github.io", "me.github.io");
    check_domain("http://github.io/", "github.io", "github.io");
    check_domain("http://a.b.unknown-suffix.test/", "a.b.unknown-suffix.test", "unknown-suffix.test");
    check_domain("http://localhost:80/", "localhost", "localhost");
    check_domain("http://192.168.0.1/", "192.168.0.1", "192.168.0.1");
    check_domain("http://[::1]/", "[::1]", "[::1]");
    check_domain("http://www.例子.公司.cn/", "www.xn--fsqu00a.xn--55qx5d.cn", "xn--fsqu00a.xn--55qx5d.cn");
    check_domain("http://a.xn--fsqu00a.xn--fiqs8s/", "a.xn--fsqu00a.xn--fiqs8s", "xn--fsqu00a.xn--fiqs8s");
}

#[test]
fn lists_are_sorted_unique_and_lower_case() {
    for list in [
        include_str!("../../../seeds/lists/default_documents.txt"),
        include_str!("../../../seeds/lists/session_parameters.txt"),
        include_str!("../../../seeds/lists/tracking_parameters.txt"),
    ] {
        let lines: Vec<&str> = list.lines().collect();
        assert!(lines.is_sorted_by(|a, b| a < b));
        assert!(lines.iter().all(|line| !line.is_empty() && *line == line.trim().to_ascii_lowercase()));
    }
}

proptest! {
    #[test]
    fn normalising_is_final(
        scheme in "(http|https|HTTP)",
        host in "(www\\.){0,2}[a-zA-Z0-9é公-]{1,6}(\\.(com|co\\.uk|test|1|0x7f|xn--55qx5d|[a-z]{2,3})){0,2}\\.{0,2}",
        port in "(:[0-9]{1,4})?",
        path in "(/(\\.|\\.\\.|%2e%2E|index\\.html|\\(S\\([a-z0-9]{2}\\)\\)|[a-zA-Z%0-9;=.é |]{0,8}|[a-z.]{0,3}(;|%3[bB])(jsessionid(=|%3d)|sid=)?[0-9]{0,17}|\\((S\\([a-z]\\)|X\\(1\\)){0,2}\\)|%3[aAdD]|%2[cC])){0,5}",
        query in "(\\?([a-z%+=&;/ é'|]{0,12}|utm_x=1&|sid=0123456789abcdef0&|%20%2b&|amp;|;sid=0123456789abcdef|%3[abdf]|%2[cf]|;x=)*)?",
        fragment in "(#!?[a-z%/ ]{0,5})?",
    ) {
        if let Some(first) = address(&format!("{scheme}://{host}{port}{path}{query}{fragment}")) {
            let again = address(&first.normalised);
            prop_assert_eq!(again.as_ref().map(|a| &a.normalised), Some(&first.normalised));
            prop_assert_eq!(again.map(|a| (a.id, a.domain)), Some((first.id, first.domain)));
        }
    }

    #[test]
    fn no_string_panics(url in "\\PC{0,60}", path in "\\PC{0,60}") {
        let _ = address(&url);
        if let Some(first) = address(&format!("http://a.org/{path}")) {
            prop_assert_eq!(address(&first.normalised).map(|a| a.normalised), Some(first.normalised));
        }
    }
}
