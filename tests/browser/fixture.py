"""Writes a round that is ready to be annotated, with hostile pages in it: fixture.py OUT"""

import pathlib
import sys

import pyarrow as pa
import pyarrow.parquet as pq

SCRIPT = "<script>document.title='HACKED';window.hacked=1</script>"
IMAGE = "<img src=x onerror=\"window.hacked=1\">"
HOSTILE = f"""# {SCRIPT}

{IMAGE} </textarea></style></title>{SCRIPT} &lt;script&gt;

$\\text{{{IMAGE}}}$ and $\\href{{javascript:window.hacked=1}}{{x}}$ and $$\\require{{html}}\\style{{x:y}}{{z}}{SCRIPT}$$

[link](javascript:window.hacked=1) `{SCRIPT}`

```
{SCRIPT}
```

{IMAGE} | b
1 | 2
"""

ALGEBRA = """# Rings and ideals

Let $R$ be a commutative ring. An ideal $I \\subseteq R$ is prime if $ab \\in I$ implies $a \\in I$ or $b \\in I$.

$$R/I \\text{ is a domain} \\iff I \\text{ is prime}.$$

- Every maximal ideal is prime.
- The nilradical is $\\sqrt{(0)} = \\bigcap_{\\mathfrak p} \\mathfrak p$.

By the Cauchy formula,

$$f(z) = \\frac{1}{2\\pi i} \\oint_\\gamma \\frac{f(w)}{w - z}\\,dw, \\qquad \\sum_{n=1}^{\\infty} \\frac{1}{n^2} = \\frac{\\pi^2}{6}.$$

n | n!
1 | 1
5 | 120
"""

SHOP = """# Garden chairs on sale

Buy two, get the third for half the price. Delivery within three days. Our customers rate this chair 4.6 of 5.

- weatherproof
- folds flat
"""

CHINESE = """# 二次方程

方程 $ax^2+bx+c=0$ 的解为

$$x = \\frac{-b \\pm \\sqrt{b^2-4ac}}{2a}.$$
"""

# domain: {prefix: (pages, collected, proposed, kind of sample)}
DOMAINS = {
    "mathnotes.example": {
        "/": (5200, 2300, "split", None),
        "/questions": (3000, 1900, "accept", ALGEBRA),
        "/questions/tagged": (900, 300, None, ALGEBRA),
        "/wiki": (1200, 390, "accept", ALGEBRA),
        "/wiki/talk": (300, 4, "refuse", SHOP),
        "/shop": (800, 3, "refuse", SHOP),
        "/index.php?topic": (150, 6, None, ALGEBRA),
    },
    "shuxue.example": {
        "/": (2400, 600, "split", None),
        "/jiaocheng": (1500, 590, "accept", CHINESE),
        "/luntan": (700, 10, "refuse", SHOP),
    },
    "hostile.example": {
        "/": (900, 200, None, HOSTILE),
        "/<script>alert(1)</script>": (300, 100, None, HOSTILE),
    },
    "lectures.example": {
        "/": (800, 420, "split", None),
        "math.lectures.example/": (500, 410, "accept", ALGEBRA),
        "math.lectures.example/notes": (300, 290, None, ALGEBRA),
        "art.lectures.example/": (300, 10, "refuse", SHOP),
    },
    "a-very-long-name-of-a-domain-that-goes-on-and-on-for-quite-a-while.example": {
        "/": (500, 100, None, ALGEBRA),
    },
}


def main(out):
    folder = pathlib.Path(out) / "rounds/01"
    folder.mkdir(parents=True, exist_ok=True)
    domains, prefixes, samples = [], [], []

    def figures(pages, collected):
        share = collected / pages
        return {
            "pages": pages,
            "collected": collected,
            "share": share,
            "tokens": pages * 820,
            "collected_tokens": collected * 1100,
            "mean_score": min(0.98, 0.08 + share),
        }

    many = {f"site{i:03}.example": {"/": (60 + i, 20, None, ALGEBRA)} for i in range(140)}
    for name, nodes in (DOMAINS | many).items():
        pages, collected, _, _ = nodes["/"]
        hosts = 1 + sum(not prefix.startswith("/") for prefix in nodes)
        domains.append({"domain": name, **figures(pages, collected), "share_low": 0.1, "math_related": True, "hosts": hosts})
        for prefix, (pages, collected, proposed, text) in nodes.items():
            row = {"domain": name, "prefix": prefix, "depth": prefix.count("/"), **figures(pages, collected)}
            prefixes.append(row | {"proposed": proposed, "verdict": None})
            if text is None:
                continue
            base = name + prefix if prefix.startswith("/") else prefix
            for i in range(4):
                url = f"https://{base.rstrip('/')}{'=' if '?' in base else '/'}{i}"
                title = text.splitlines()[0].lstrip("# ") + f" {i}: on $x^{i}$"
                if text is HOSTILE and i == 3:
                    url = "javascript:window.hacked=1"
                if text is HOSTILE:
                    title = f"\"'><b onmouseover=window.hacked=1>{SCRIPT}{IMAGE}"
                samples.append({
                    "domain": name, "prefix": prefix, "id": f"{len(samples):032x}", "url": url, "title": title,
                    "score": 0.9 - 0.2 * i, "collected": i < 2, "text": text,
                })
    domains.append({"domain": "news.example", **figures(9000, 3), "share_low": 0.0, "math_related": False, "hosts": 1})
    for name, rows in [("domains", domains), ("prefixes", prefixes), ("samples", samples)]:
        pq.write_table(pa.Table.from_pylist(rows), folder / f"{name}.parquet", compression="zstd")


if __name__ == "__main__":
    main(sys.argv[1])
