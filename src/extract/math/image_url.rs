//! TeX in the addresses of services that draw formulas.

/// How a service reads the part of the address that holds the TeX.
#[derive(Clone, Copy)]
enum Coding {
    /// A form field: `+` is a blank.
    Form,
    /// The rest of the address as it is: `+` is plus.
    Raw,
}

/// Parts of addresses after which everything is TeX.
const WHOLE_REST: [&str; 16] = [
    "latex.codecogs.com/",
    "codecogs.com/gif.latex",
    "codecogs.com/png.latex",
    "codecogs.com/svg.latex",
    "codecogs.com/eq.latex",
    "mathtex.cgi",
    "mimetex.cgi",
    "mimetex.exe",
    "mathtex.exe",
    "/mathtex/",
    "i.upmath.me/",
    "tex.s2cms.ru/",
    "latex.numberempire.com/render",
    "/cgi-bin/mimetex",
    "/cgi-bin/mathtex",
    "texrendr.com/",
];

/// The TeX in an image's address.
pub(super) fn tex(url: &str) -> Option<String> {
    if url.starts_with("data:") || url.len() > super::tidy::TEX_BYTES_MAX || !url.contains(['?', '/']) {
        return None;
    }
    if let Some(at) = WHOLE_REST.iter().find_map(|service| url.find(service).map(|at| at + service.len())) {
        let raw = whole_rest(&url[at..])?;
        let tex = without_options(&decode(raw, Coding::Raw));
        return (!tex.trim().is_empty()).then_some(tex);
    }
    let (path, query) = url.split_once('?')?;
    let query = query.split('#').next()?;
    let drawn = query.contains("cht=tx");
    query.split('&').map(|field| field.strip_prefix("amp;").unwrap_or(field)).find_map(|field| {
        let (key, value) = field.split_once('=')?;
        let known = match key {
            "tex" | "latex" | "equation" | "formula" => true,
            "chl" => drawn,
            "math" => path.contains("math"),
            "eq" => path.contains("tex") || path.contains("sciweavers"),
            "from" | "inline" | "block" => path.contains("math.now.sh") || path.contains("math.vercel.app"),
            _ => false,
        };
        let tex = decode(value, Coding::Form);
        let plausible = known && !tex.trim().is_empty() && (super::looks::like_math(&tex) || key == "latex" || drawn);
        plausible.then_some(tex)
    })
}

/// The TeX in what follows a service's name: its query, or the last part of its path.
fn whole_rest(rest: &str) -> Option<&str> {
    if let Some((_, query)) = rest.split_once('?') {
        let query = ["latex=", "tex=", "formula="].iter().find_map(|key| query.strip_prefix(key)).unwrap_or(query);
        return Some(query);
    }
    // https://i.upmath.me/svg/TEX
    let (_, path) = rest.split_once('/')?;
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
        check("https://example.org/a.png?width=3", None);
        check("data:image/png;base64,AAAA?tex=x", None);
    }
}
