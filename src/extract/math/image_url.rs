//! TeX in the addresses of services that draw formulas.

use super::looks::like_math;

/// How a service reads the part of the address that holds the TeX.
#[derive(Clone, Copy)]
enum Coding {
    /// A form field: `+` is a blank.
    Form,
    /// The rest of the address as it is: `+` is plus.
    Raw,
}

/// Parts of addresses after which everything is TeX.
const WHOLE_REST: [&str; 20] = [
    "latex.codecogs.com/",
    "codecogs.com/gif.latex",
    "codecogs.com/png.latex",
    "codecogs.com/svg.latex",
    "codecogs.com/pdf.latex",
    "codecogs.com/eq.latex",
    "codecogs.com/eqnedit.php",
    "latex.csdn.net/",
    "mathtex.cgi",
    "mimetex.cgi",
    "mimetex.exe",
    "mathtex.exe",
    "/mathtex/",
    "i.upmath.me/",
    "tex.s2cms.ru/",
    "tex.z-dn.net/",
    "latex.numberempire.com/render",
    "/cgi-bin/mimetex",
    "/cgi-bin/mathtex",
    "texrendr.com/",
];

/// The longest address that is read.
const URL_BYTES_MAX: usize = super::tidy::TEX_BYTES_MAX;

/// The TeX in an image's address.
pub(super) fn tex(url: &str) -> Option<String> {
    if url.starts_with("data:") || url.len() > URL_BYTES_MAX || !url.contains(['?', '/']) {
        return None;
    }
    if let Some(at) = WHOLE_REST.iter().find_map(|service| url.find(service).map(|at| at + service.len())) {
        let raw = whole_rest(&url[at..])?;
        let tex = without_options(&decode(raw, Coding::Raw));
        return (!tex.trim().is_empty()).then_some(tex);
    }
    if let Some((_, path)) = url.split_once("/equation_images/") {
        // Escaped twice, so that the blanks and backslashes survive the way through the server.
        let path = path.split('?').next()?;
        return Some(decode(&decode(path, Coding::Raw), Coding::Raw)).filter(|tex| like_math(tex));
    }
    if let Some((_, path)) = url.split_once("texify.com/img/") {
        let tex = decode(path, Coding::Raw);
        return Some(without_options(tex.strip_suffix(".gif").unwrap_or(&tex))).filter(|tex| !tex.trim().is_empty());
    }
    let Some((path, query)) = url.split_once('?') else { return in_fragment(url) };
    let (query, fragment) = query.split_once('#').unwrap_or((query, ""));
    if fragment.contains("card=math") {
        return in_fragment(url);
    }
    let drawn = query.contains("cht=tx");
    let service = drawn || names_math(path);
    // One service parts its fields with semicolons; elsewhere one may belong to the TeX.
    let separator = if path.contains("mathtran") { ';' } else { '&' };
    query.split(separator).map(|field| field.strip_prefix("amp;").unwrap_or(field)).find_map(|field| {
        let (key, value) = field.split_once('=')?;
        let known = match key {
            "tex" | "latex" | "equation" | "formula" | "texexp" => true,
            "chl" => drawn,
            "math" => path.contains("math"),
            "eq" => path.contains("tex") || path.contains("sciweavers"),
            "from" | "inline" | "block" => path.contains("math.now.sh") || path.contains("math.vercel.app"),
            _ => false,
        };
        let tex = without_options(&decode(value, Coding::Form));
        let plausible = known && !tex.trim().is_empty() && (like_math(&tex) || key == "latex" || service);
        plausible.then_some(tex)
    })
}

/// Whether an address names mathematics, so that a formula in the alternative text is no chance.
pub(super) fn names_math(url: &str) -> bool {
    let url = &url.as_bytes()[..url.len().min(256)];
    ["math", "latex", "equation", "formula", "mimetex", "/tex/"]
        .iter()
        .any(|name| memchr::memmem::find(url, name.as_bytes()).is_some())
}

/// The MathML in an image's address: `…/showimage?mml=%3Cmath…`.
pub(super) fn mathml(url: &str) -> Option<String> {
    let (_, query) = url.split_once('?').filter(|_| url.len() <= URL_BYTES_MAX)?;
    let value = query.split('&').find_map(|field| field.trim_start_matches("amp;").strip_prefix("mml="))?;
    Some(decode(value, Coding::Form))
}

/// Yuque's cards: `…/__latex/0f3c.svg#card=math&code=%5Calpha`.
fn in_fragment(url: &str) -> Option<String> {
    let (_, fragment) = url.split_once('#')?;
    let mut fields = fragment.split('&');
    fields.clone().find(|field| *field == "card=math")?;
    let code = fields.find_map(|field| field.strip_prefix("code="))?;
    Some(decode(code, Coding::Form)).filter(|tex| !tex.trim().is_empty())
}

/// The TeX in what follows a service's name: its query, or the last part of its path.
fn whole_rest(rest: &str) -> Option<&str> {
    // Compressed, not written.
    if rest.starts_with("svgb/") || rest.starts_with("pngb/") {
        return None;
    }
    let (before, query) = rest.split_once('?').unwrap_or((rest, ""));
    if !query.is_empty() {
        let query =
            ["latex=", "tex=", "formula=", "f="].iter().find_map(|key| query.strip_prefix(key)).unwrap_or(query);
        // The editor's address goes on with a state.
        return Some(query.strip_suffix("#0").unwrap_or(query));
    }
    // https://i.upmath.me/svg/TEX
    let (_, path) = before.split_once('/')?;
    Some(path)
}

/// Percent-decodes; bytes that make no UTF-8 are replaced.
fn decode(raw: &str, coding: Coding) -> String {
    let bytes = raw.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = |n: usize| bytes.get(at + n).and_then(|b| (*b as char).to_digit(16));
        match (bytes[at], coding) {
            (b'%', _) => {
                if let (Some(high), Some(low)) = (hex(1), hex(2)) {
                    out.push((high * 16 + low) as u8);
                    at += 2;
                } else {
                    out.push(b'%');
                }
            }
            (b'+', Coding::Form) => out.push(b' '),
            (byte, _) => out.push(byte),
        }
        at += 1;
    }
    let text = String::from_utf8_lossy(&out);
    // Codecogs' own names for what an address cannot hold.
    text.replace("&space;", " ").replace("&plus;", "+").replace("&hash;", "#").replace("&amp;", "&")
}

/// Takes off what tells a service how to draw: size, colours, resolution, fonts.
fn without_options(tex: &str) -> String {
    const WITH_ARGUMENT: [&str; 6] = ["\\dpi", "\\usepackage", "\\gammacorrection", "\\png", "\\gif", "\\opaque"];
    const ALONE: [&str; 20] = [
        "\\inline",
        "\\displaystyle",
        "\\tiny",
        "\\scriptsize",
        "\\small",
        "\\normalsize",
        "\\large",
        "\\Large",
        "\\LARGE",
        "\\huge",
        "\\HUGE",
        "\\Huge",
        "\\reverse",
        "\\opaque",
        "\\footnotesize",
        "\\fs1",
        "\\parstyle",
        "\\png",
        "\\gif",
        "\\textstyle",
    ];
    let mut rest = tex.trim_start();
    'options: loop {
        for option in WITH_ARGUMENT {
            if let Some(argument) = rest.strip_prefix(option).and_then(|rest| rest.strip_prefix('{'))
                && let Some((_, after)) = argument.split_once('}')
            {
                rest = after.trim_start();
                continue 'options;
            }
        }
        for option in ["\\bg_", "\\fg_", "\\fn_", "\\bg{", "\\fg{", "\\color{"] {
            if let Some(after) = rest.strip_prefix(option) {
                let after = after.trim_start_matches(|c: char| c.is_ascii_alphanumeric());
                rest = after.strip_prefix('}').unwrap_or(after).trim_start();
                continue 'options;
            }
        }
        for option in ALONE {
            if let Some(after) = rest.strip_prefix(option)
                && !after.starts_with(|c: char| c.is_ascii_alphabetic())
            {
                rest = after.trim_start();
                continue 'options;
            }
        }
        return rest.to_owned();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(url: &str, want: Option<&str>) {
        assert_eq!(tex(url).as_deref(), want, "{url}");
    }

    #[test]
    fn services_give_their_tex() {
        check("https://latex.codecogs.com/gif.latex?\\dpi{150}&space;x^2&plus;1", Some("x^2+1"));
        check("https://latex.codecogs.com/svg.image?%5Cinline%20a+b", Some("a+b"));
        check("https://s0.wp.com/latex.php?latex=%5Clambda%2C+%5Cmu&bg=ffffff&fg=000&s=0", Some("\\lambda, \\mu"));
        check("//chart.googleapis.com/chart?cht=tx&chl=x%3Dy", Some("x=y"));
        check("https://chart.googleapis.com/chart?cht=p3&chl=Hello|World", None);
        check("https://www.zhihu.com/equation?tex=%5Calpha+%3D+1", Some("\\alpha = 1"));
        check("http://www.forkosh.com/mimetex.cgi?\\frac{a}{b}", Some("\\frac{a}{b}"));
        check("https://i.upmath.me/svg/E%20%3D%20mc%5E2", Some("E = mc^2"));
        check("https://render.githubusercontent.com/render/math?math=e%5E%7Bi%20%5Cpi%7D", Some("e^{i \\pi}"));
        check("https://example.org/equation.png?tex=1700000000000&v=2", Some("1700000000000"));
        check("https://www.zhihu.com/equation?tex=ABC", Some("ABC"));
        check("https://latex.codecogs.com/png.latex?\\bg_white&space;\\large&space;y=2", Some("y=2"));
        check("https://private.codecogs.com/gif.latex?%5Cbeta", Some("\\beta"));
        check("https://www.codecogs.com/eqnedit.php?latex=%5Cfrac%7Ba%7D%7Bb%7D#0", Some("\\frac{a}{b}"));
        check("https://latex.csdn.net/eq?%5Ctheta_1", Some("\\theta_1"));
        check("https://juejin.cn/equation?tex=x_i", Some("x_i"));
        check("https://api.bilibili.com/x/web-frontend/mathjax/tex?formula=f%28x%29", Some("f(x)"));
        check("https://math.jianshu.com/math?formula=AB", Some("AB"));
        check("https://cdn.nlark.com/yuque/__latex/0a.svg#card=math&code=%5Cpi&height=3", Some("\\pi"));
        check("https://tex.z-dn.net/?f=%5Csqrt%7B2%7D", Some("\\sqrt{2}"));
        check("https://math.vercel.app/?from=%5Clog%20x&color=white", Some("\\log x"));
        check("http://www.mathtran.org/cgi-bin/mathtran?D=1;tex=x%5E2", Some("x^2"));
        check("http://texify.com/img/%5CLARGE%5C%21x.gif", Some("\\!x"));
        check("/equation_images/%255Cfrac%257Ba%257D%257B2%257D?scale=1", Some("\\frac{a}{2}"));
        check("/equation_images/logo-of-us.png", None);
        check("https://i.upmath.me/svgb/eJxTVgAAKgAQ", None);
        check("http://www.forkosh.com/mathtex.cgi?\\dpi{150}x%3Dy", Some("x=y"));
        check("https://m.example.edu/filter/tex/displaytex.php?texexp=a%2Bb", Some("a+b"));
        check("https://example.org/a.png?width=3", None);
        check("data:image/png;base64,AAAA?tex=x", None);
    }
}
