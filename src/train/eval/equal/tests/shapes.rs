//! Answers that are more than one number.

use super::super::equal;
use super::{different, same};

#[test]
fn points_intervals_and_sets() {
    same(&[
        ("\\left( 3, \\frac{\\pi}{2} \\right)", "(3,\\pi/2)"),
        ("(1;2)", "(1,2)"),
        ("（1，2）", "(1,2)"),
        ("(1,\\frac{9}{2})", "(1,4.5)"),
        ("\\langle 1,2,3\\rangle", "(1,2,3)"),
        ("[1,2,3]", "(1,2,3)"),
        ("(-\\infty, 2) \\cup (3, \\infty)", "(3,+\\infty)\\cup(-\\infty,2)"),
        ("x \\in [-2,7]", "[-2,7]"),
        ("-2 \\le x \\le 7", "x\\in[-2,7]"),
        ("x > 3", "(3,\\infty)"),
        ("x \\ge 3", "[3,+\\infty)"),
        ("x<-1 \\text{ or } x>3", "(-\\infty,-1)\\cup(3,\\infty)"),
        ("x<-1, x>3", "(-\\infty,-1)\\cup(3,\\infty)"),
        ("x \\ne 3", "(-\\infty,3)\\cup(3,\\infty)"),
        ("\\mathbb{R}\\setminus\\{3\\}", "(-\\infty,3)\\cup(3,\\infty)"),
        ("\\{x \\mid -1<x<2\\}", "(-1,2)"),
        ("\\{x | x^2 < 4\\}", "(-2,2)"),
        ("\\{x\\in\\mathbb{R} : x>1\\}", "(1,\\infty)"),
        ("[0,1]\\cup[1,2]", "[0,2]"),
        ("\\mathbb{R}", "(-\\infty,\\infty)"),
        ("\\{1,2,3\\}", "\\{3,2,1\\}"),
        ("\\{3\\pm\\sqrt{6},-4\\}", "\\{-4, 3+\\sqrt6, 3-\\sqrt6\\}"),
        ("\\emptyset", "\\varnothing"),
        ("\\{\\}", "\\emptyset"),
        ("\\text{no solution}", "\\emptyset"),
        ("\\{5\\}", "5"),
        ("1\\le|z|\\le\\frac32", "[-\\frac32,-1]\\cup[1,\\frac32]"),
        ("x \\in \\{1,2\\}", "x=1 \\text{ or } x=2"),
        ("(a, b)", "(a,b)"),
        ("x>1 \\text{ and } x<3", "(1,3)"),
        ("x>2且x\\ne 3", "(2,3)\\cup(3,\\infty)"),
        ("x>1 \\text{ and } y<2", "y<2, x>1"),
        ("\\left(-\\sqrt{3}, \\sqrt{3}\\right)", "x^2<3"),
        ("x^2<10^{20}", "(-10^{10}, 10^{10})"),
    ]);
    different(&[
        ("(1,2)", "(2,1)"),
        ("(2,4)", "[2,4]"),
        ("[0,1)", "[0,1]"),
        ("(3,4]7", "(3,4]"),
        ("(-\\infty,2)", "(-\\infty,2]"),
        ("x>3", "x<3"),
        ("\\{1,2\\}", "\\{1,3\\}"),
        ("(1,2)", "(1,2,3)"),
        ("\\{1,2,3\\}", "\\{1,2\\}"),
        ("(0,7)\\cup(7,25)", "(0,25)"),
        ("x<-1, x<3", "x<3"),
        ("x<1 \\text{ or } x>2", "x<1 \\text{ and } x>2"),
        ("x<1或x>2", "x<1且x>2"),
        ("x^2<10^{20}", "\\mathbb{R}"),
        ("x^3>10^{-9}", "x>0"),
    ]);
}

#[test]
fn lists() {
    same(&[
        ("1,-2", "-2, 1"),
        ("x=1 \\text{ or } x=-2", "1,-2"),
        ("6 \\text{ and } 8", "6,8"),
        ("12, 35, and 71", "35, 12, 71"),
        ("2 \\pm \\sqrt{11}", "2+\\sqrt{11}, 2-\\sqrt{11}"),
        ("\\pm 3", "3, -3"),
        ("x=±2", "x = 2, x = -2"),
        ("5;10", "5; 10"),
        ("(1,2), (2,1)", "(2,1) \\text{ and } (1,2)"),
        ("1、2、3", "3,2,1"),
        ("3和5", "5, 3"),
        ("a=1, b=2", "b=2, a=1"),
        ("a=1, b=2", "1, 2"),
        ("s=4,t=9;s=6,t=9", "(4,9),(6,9)"),
        ("45^\\circ, 135^\\circ", "135, 45"),
        ("n=1, 2, 3", "1,2,3"),
        ("x = k\\pi, k \\in \\mathbb{Z}", "k\\pi"),
    ]);
    // As a tool prints it.
    assert!(equal("6 - 5*I", "6 - 5i") && equal("sqrt(3)*I", "\\sqrt{3}i") && !equal("6 - 5*I", "6+5i"));
    // Said twice by the one who answers; asked for twice.
    assert!(equal("1, 2, 2", "1, 2") && !equal("1, 2", "1, 2, 2"));
    different(&[
        ("1,2", "1,3"),
        ("1,2", "1,2,3"),
        ("a=1, b=2", "a=2, b=1"),
        ("a=1, b=2", "2, 1"),
        ("\\pm 3", "3"),
        ("1,2", "2"),
        ("(1,3)", "3,1"),
    ]);
}

#[test]
fn equations() {
    same(&[
        ("x=5", "5"),
        ("5=x", "x = 5"),
        ("x = 2+3 = 5", "5"),
        ("x = \\frac13 \\approx 0.33", "1/3"),
        ("y = 2x+3", "2x+3"),
        ("y=2x+3", "2x-y+3=0"),
        ("3x+6y-4=0", "y=-\\frac12x+\\frac23"),
        ("y=\\pm\\sqrt{7}x", "y=\\sqrt7 x \\text{ or } y=-\\sqrt7 x"),
        ("\\frac{x^2}{4}+\\frac{y^2}{3}=1", "3x^2+4y^2=12"),
        ("\\left(x-\\frac{5}{2}\\right)^{2}+y^{2}=\\frac{29}{4}", "x^2-5x+y^2=1"),
        ("f(x)=1", "1"),
        ("\\angle ABC = 60^\\circ", "60^\\circ"),
        ("|AB| = 2\\sqrt3", "2\\sqrt3"),
        ("S = 12\\pi", "12\\pi"),
        ("x<1", "-x>-1"),
        ("5 \\ge x", "x \\le 5"),
        ("f(2)<f(1)<f(4)", "f(4)>f(1)>f(2)"),
        ("(x,y)=(3,2)", "(3,2)"),
        ("x \\neq 5", "x != 5"),
        ("x + y < 2", "2x+2y<4"),
        ("\\text{Area} = 5", "5"),
        ("a : b = 2 : 3", "2:3"),
        ("3:1", "6:2"),
        ("3:2", "3/2"),
        ("1:2:3", "2:4:6"),
        ("\\log_2 8 = 3", "3"),
    ]);
    different(&[
        ("y=2x+3", "y=2x+2"),
        ("5=8a+c", "8a+c"),
        ("b+4z=0", "0"),
        ("2x=10", "10"),
        ("x<1", "x>1"),
        ("x<1", "x\\le1"),
        ("y=2x", "y=-2x"),
        ("y=2x", "z=3x"),
        ("3:1", "1:3"),
        ("12:00", "1:00"),
        ("1:2:3", "1:2:4"),
        ("x+y=1", "1"),
    ]);
}

#[test]
fn matrices_and_bases() {
    same(&[
        ("\\begin{pmatrix} 1 & 0 \\\\ 0 & 1 \\end{pmatrix}", "\\left[\\begin{array}{cc}1&0\\\\0&1\\end{array}\\right]"),
        ("\\begin{pmatrix} 1/3 \\\\ 2 \\end{pmatrix}", "\\begin{bmatrix}\\frac13\\\\2\\\\\\end{bmatrix}"),
        ("\\begin{pmatrix} 1 \\\\ 2 \\end{pmatrix}", "(1,2)"),
        ("\\begin{pmatrix} 1 \\\\ 2 \\end{pmatrix}", "1, 2"),
        ("2\\begin{pmatrix}1\\\\2\\end{pmatrix}", "\\begin{pmatrix}2\\\\4\\end{pmatrix}"),
        (
            "\\begin{pmatrix}1&2\\\\3&4\\end{pmatrix}+\\begin{pmatrix}5&6\\\\7&8\\end{pmatrix}",
            "\\begin{pmatrix}6&8\\\\10&12\\end{pmatrix}",
        ),
        (
            "\\begin{pmatrix}1&2\\\\3&4\\end{pmatrix}\\begin{pmatrix}1&0\\\\0&1\\end{pmatrix}",
            "\\begin{pmatrix}1&2\\\\3&4\\end{pmatrix}",
        ),
        ("\\begin{pmatrix}x\\\\2x\\end{pmatrix}", "x\\begin{pmatrix}1\\\\2\\end{pmatrix}"),
        ("1374_8", "1374_{8}"),
        ("1374_{\\text{eight}}", "1374_8"),
        ("1374", "1374_8"),
        ("27A_{12}", "27A_{12}"),
        ("\\text{A5}_{16}", "A5_{16}"),
    ]);
    different(&[
        ("\\begin{pmatrix}1\\\\2\\end{pmatrix}", "\\begin{pmatrix}2\\\\1\\end{pmatrix}"),
        ("\\begin{pmatrix}1&2\\end{pmatrix}", "\\begin{pmatrix}1\\\\2\\end{pmatrix}"),
        ("\\begin{pmatrix}1\\\\2\\end{pmatrix}", "2, 1"),
        ("\\begin{pmatrix}1\\\\2\\end{pmatrix}-1", "\\begin{pmatrix}1\\\\2\\end{pmatrix}"),
        ("31_7", "31_{75}"),
        ("31_7", "32_7"),
        ("31_7", "31_8"),
    ]);
}

#[test]
fn words_and_options() {
    same(&[
        ("\\text{Mirabel}", "mirabel"),
        ("\\text{(B)}", "B"),
        ("(C)", "\\textbf{(C)}"),
        ("Yes.", "yes"),
        ("\\text{east}", "East"),
        ("①③", "\\textcircled{3}\\textcircled{1}"),
        ("小明", "小明"),
        ("\\text{Alice, Bob}", "Alice, Bob"),
        ("AC", "AC"),
    ]);
    different(&[
        ("\\text{Mirabel}", "\\text{Osric}"),
        ("B", "C"),
        ("\\text{even}", "\\text{odd}"),
        ("小明", "小红"),
        ("", "5"),
        ("①③", "①②"),
    ]);
}
