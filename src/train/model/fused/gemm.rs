//! Matrix products on slices, with bounds checked.

use ::gemm::Parallelism;

/// A matrix in a slice, with strides in elements.
#[derive(Clone, Copy)]
pub(crate) struct Mat<'a> {
    data: &'a [f32],
    rows: usize,
    cols: usize,
    strides: (usize, usize),
}

impl<'a> Mat<'a> {
    /// A matrix whose rows are `stride` apart.
    pub(crate) fn new(data: &'a [f32], rows: usize, cols: usize, stride: usize) -> Self {
        assert!(rows > 0 && cols > 0 && (rows - 1) * stride + cols <= data.len(), "a matrix is in its slice");
        Self { data, rows, cols, strides: (stride, 1) }
    }

    /// Its transpose.
    pub(crate) fn t(self) -> Self {
        Self { rows: self.cols, cols: self.rows, strides: (self.strides.1, self.strides.0), ..self }
    }
}

/// Whether a product is spread over threads; inside a task that is itself one of many it is not.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spread {
    One,
    All,
}

/// `out = a · b`, or `out += a · b`; the rows of `out` are `stride` apart.
pub(crate) fn product(out: &mut [f32], stride: usize, a: Mat<'_>, b: Mat<'_>, add: bool, spread: Spread) {
    assert_eq!(a.cols, b.rows, "the widths of a product fit");
    assert!(b.cols <= stride && (a.rows - 1) * stride + b.cols <= out.len(), "a product is in its slice");
    let threads = match spread {
        Spread::One => Parallelism::None,
        Spread::All => Parallelism::Rayon(rayon::current_num_threads()),
    };
    // SAFETY: `Mat::new` and the asserts above hold every element that the strides reach inside the slices, and `out`
    // is borrowed mutably, so it overlaps neither input.
    unsafe {
        ::gemm::gemm(
            a.rows,
            b.cols,
            a.cols,
            out.as_mut_ptr(),
            1,
            stride as isize,
            add,
            a.data.as_ptr(),
            a.strides.1 as isize,
            a.strides.0 as isize,
            b.data.as_ptr(),
            b.strides.1 as isize,
            b.strides.0 as isize,
            1.0,
            1.0,
            false,
            false,
            false,
            threads,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_with_strides_and_transposes() {
        let a = [1.0, 2.0, 9.0, 3.0, 4.0, 9.0];
        let b = [1.0, 0.0, 2.0, 1.0];
        let mut out = [5.0; 5];
        product(&mut out, 3, Mat::new(&a, 2, 2, 3), Mat::new(&b, 2, 2, 2), false, Spread::One);
        assert_eq!(out, [5.0, 2.0, 5.0, 11.0, 4.0]);
        product(&mut out, 3, Mat::new(&a, 2, 2, 3).t(), Mat::new(&b, 2, 2, 2), true, Spread::All);
        assert_eq!(out, [12.0, 5.0, 5.0, 21.0, 8.0]);
    }

    #[test]
    #[should_panic(expected = "a matrix is in its slice")]
    fn a_matrix_beyond_its_slice_is_refused() {
        _ = Mat::new(&[0.0; 5], 2, 3, 3);
    }
}
