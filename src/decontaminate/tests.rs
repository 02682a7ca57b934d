//! Tests of what is found and removed, from the items of a benchmark to the text of a page.
