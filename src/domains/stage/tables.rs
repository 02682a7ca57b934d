//! The tables of domain analysis.

use std::sync::{Arc, LazyLock};

use arrow::array::{ArrayRef, BooleanBuilder, Float64Builder, Int32Builder, Int64Builder, RecordBatch, StringBuilder};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::error::ArrowError;

use crate::domains::cut::Proposal;
use crate::domains::figures::Figures;

fn field(name: &str, data_type: DataType) -> Field {
    Field::new(name, data_type, false)
}

fn schema(fields: Vec<Field>) -> SchemaRef {
    Arc::new(Schema::new(fields))
}

/// The sums that parts of a crawl exchange.
pub(super) const SUMS: [&str; 7] =
    ["pages", "collected", "tokens", "collected_tokens", "scored", "score_units", "collected_score_units"];

/// The pages of a file by domain and host.
pub(super) static COUNTS: LazyLock<SchemaRef> = LazyLock::new(|| {
    let mut fields = vec![field("domain", DataType::Utf8), field("host", DataType::Utf8)];
    fields.extend(SUMS.map(|name| field(name, DataType::Int64)));
    schema(fields)
});

fn shares() -> Vec<Field> {
    vec![
        field("pages", DataType::Int64),
        field("collected", DataType::Int64),
        field("share", DataType::Float64),
        field("share_low", DataType::Float64),
        field("math_related", DataType::Boolean),
        field("tokens", DataType::Int64),
        field("collected_tokens", DataType::Int64),
        Field::new("mean_score", DataType::Float64, true),
    ]
}

/// `domains.parquet`: a row a registrable domain, those with most pages first.
pub static DOMAINS: LazyLock<SchemaRef> = LazyLock::new(|| {
    let mut fields = vec![field("domain", DataType::Utf8)];
    fields.extend(shares());
    fields.push(field("hosts", DataType::Int64));
    schema(fields)
});

/// `hosts.parquet`: a row a host without `www.`, those with most pages first.
pub static HOSTS: LazyLock<SchemaRef> = LazyLock::new(|| {
    let mut fields = vec![field("host", DataType::Utf8), field("domain", DataType::Utf8)];
    fields.extend(shares());
    schema(fields)
});

/// The pages of mathematical domains, with where they stand.
pub(super) static PLACES: LazyLock<SchemaRef> = LazyLock::new(|| {
    schema(vec![
        field("domain", DataType::Utf8),
        field("host", DataType::Utf8),
        field("path", DataType::Utf8),
        field("query", DataType::Utf8),
        field("id", DataType::Utf8),
        Field::new("page", DataType::UInt64, true),
        field("collected", DataType::Boolean),
        field("tokens", DataType::Int64),
        Field::new("score", DataType::Float64, true),
    ])
});

fn nodes() -> Vec<Field> {
    vec![
        field("domain", DataType::Utf8),
        field("prefix", DataType::Utf8),
        field("depth", DataType::Int32),
        field("pages", DataType::Int64),
        field("collected", DataType::Int64),
        field("share", DataType::Float64),
        Field::new("mean_score", DataType::Float64, true),
        field("tokens", DataType::Int64),
        field("collected_tokens", DataType::Int64),
        Field::new("proposed", DataType::Utf8, true),
    ]
}

/// The trees of the mathematical domains.
pub(super) static TREE: LazyLock<SchemaRef> = LazyLock::new(|| schema(nodes()));

/// `prefixes.parquet`: the trees, with what the annotations say of each prefix.
pub static PREFIXES: LazyLock<SchemaRef> = LazyLock::new(|| {
    let mut fields = nodes();
    fields.push(Field::new("verdict", DataType::Utf8, true));
    schema(fields)
});

/// Pages to sample: of which domain, prefix and place among its samples.
pub(super) static PICKS: LazyLock<SchemaRef> = LazyLock::new(|| {
    schema(vec![
        field("domain", DataType::Utf8),
        field("prefix", DataType::Utf8),
        field("place", DataType::Int64),
        field("page", DataType::UInt64),
        field("collected", DataType::Boolean),
    ])
});

/// `samples.parquet`: pages of prefixes, for the annotator.
pub static SAMPLES: LazyLock<SchemaRef> = LazyLock::new(|| {
    schema(vec![
        field("domain", DataType::Utf8),
        field("prefix", DataType::Utf8),
        field("id", DataType::Utf8),
        field("url", DataType::Utf8),
        field("title", DataType::Utf8),
        field("score", DataType::Float64),
        field("collected", DataType::Boolean),
        field("text", DataType::Utf8),
    ])
});

/// Samples of one page file, with their places.
pub(super) static PLACED_SAMPLES: LazyLock<SchemaRef> = LazyLock::new(|| {
    let mut fields = vec![Arc::new(field("place", DataType::Int64))];
    fields.extend(SAMPLES.fields().iter().cloned());
    Arc::new(Schema::new(fields))
});

pub(super) fn signed(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// Gathers rows of [`COUNTS`].
#[derive(Default)]
pub(super) struct CountsBuilder {
    names: [StringBuilder; 2],
    sums: [Int64Builder; SUMS.len()],
}

impl CountsBuilder {
    pub(super) fn push(&mut self, domain: &str, host: &str, figures: &Figures) {
        let Figures { pages, collected, tokens, collected_tokens, scored, score_units, collected_score_units } =
            *figures;
        self.names[0].append_value(domain);
        self.names[1].append_value(host);
        let sums = [pages, collected, tokens, collected_tokens, scored].map(signed);
        for (builder, sum) in self.sums.iter_mut().zip(sums.into_iter().chain([score_units, collected_score_units])) {
            builder.append_value(sum);
        }
    }

    pub(super) fn finish(&mut self) -> Result<RecordBatch, ArrowError> {
        let names = self.names.iter_mut().map(|builder| Arc::new(builder.finish()) as ArrayRef);
        let columns = names.chain(self.sums.iter_mut().map(|builder| Arc::new(builder.finish()) as ArrayRef)).collect();
        RecordBatch::try_new(Arc::clone(&COUNTS), columns)
    }
}

/// Gathers rows of [`DOMAINS`] or [`HOSTS`]: what they share.
#[derive(Default)]
pub(super) struct SharesBuilder {
    names: [StringBuilder; 2],
    whole: [Int64Builder; 4],
    shares: [Float64Builder; 2],
    related: BooleanBuilder,
    mean_score: Float64Builder,
    hosts: Int64Builder,
    rows: usize,
}

impl SharesBuilder {
    pub(super) fn push(&mut self, names: [&str; 2], figures: &Figures, share_low: f64, related: bool, hosts: u64) {
        for (builder, name) in self.names.iter_mut().zip(names) {
            builder.append_value(name);
        }
        let whole = [figures.pages, figures.collected, figures.tokens, figures.collected_tokens];
        for (builder, value) in self.whole.iter_mut().zip(whole) {
            builder.append_value(signed(value));
        }
        self.shares[0].append_value(figures.share());
        self.shares[1].append_value(share_low);
        self.related.append_value(related);
        self.mean_score.append_option(figures.mean_score());
        self.hosts.append_value(signed(hosts));
        self.rows += 1;
    }

    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    /// The batch of [`DOMAINS`] (`domain`, its figures, `hosts`) or of [`HOSTS`] (`host`, `domain`, its figures).
    pub(super) fn finish(&mut self, schema: &SchemaRef) -> Result<RecordBatch, ArrowError> {
        self.rows = 0;
        let [first, second] = self.names.each_mut().map(|builder| Arc::new(builder.finish()) as ArrayRef);
        let [pages, collected, tokens, collected_tokens] =
            self.whole.each_mut().map(|builder| Arc::new(builder.finish()) as ArrayRef);
        let [share, share_low] = self.shares.each_mut().map(|builder| Arc::new(builder.finish()) as ArrayRef);
        let related = Arc::new(self.related.finish()) as ArrayRef;
        let mean_score = Arc::new(self.mean_score.finish()) as ArrayRef;
        let hosts = Arc::new(self.hosts.finish()) as ArrayRef;
        let mut columns = vec![first];
        let of_hosts = schema.field_with_name("host").is_ok();
        if of_hosts {
            columns.push(second);
        }
        columns.extend([pages, collected, share, share_low, related, tokens, collected_tokens, mean_score]);
        if !of_hosts {
            columns.push(hosts);
        }
        RecordBatch::try_new(Arc::clone(schema), columns)
    }
}

/// Gathers rows of [`TREE`].
#[derive(Default)]
pub(super) struct TreeRows {
    names: [StringBuilder; 2],
    depth: Int32Builder,
    whole: [Int64Builder; 4],
    share: Float64Builder,
    mean_score: Float64Builder,
    proposed: StringBuilder,
    rows: usize,
}

impl TreeRows {
    pub(super) fn push(&mut self, names: [&str; 2], depth: usize, figures: &Figures, proposed: Option<Proposal>) {
        for (builder, name) in self.names.iter_mut().zip(names) {
            builder.append_value(name);
        }
        self.depth.append_value(i32::try_from(depth).unwrap_or(i32::MAX));
        let whole = [figures.pages, figures.collected, figures.tokens, figures.collected_tokens];
        for (builder, value) in self.whole.iter_mut().zip(whole) {
            builder.append_value(signed(value));
        }
        self.share.append_value(figures.share());
        self.mean_score.append_option(figures.mean_score());
        self.proposed.append_option(proposed.map(Proposal::name));
        self.rows += 1;
    }

    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    pub(super) fn finish(&mut self) -> Result<RecordBatch, ArrowError> {
        self.rows = 0;
        let [domain, prefix] = self.names.each_mut().map(|builder| Arc::new(builder.finish()) as ArrayRef);
        let [pages, collected, tokens, collected_tokens] =
            self.whole.each_mut().map(|builder| Arc::new(builder.finish()) as ArrayRef);
        let columns: Vec<ArrayRef> = vec![
            domain,
            prefix,
            Arc::new(self.depth.finish()),
            pages,
            collected,
            Arc::new(self.share.finish()),
            Arc::new(self.mean_score.finish()),
            tokens,
            collected_tokens,
            Arc::new(self.proposed.finish()),
        ];
        RecordBatch::try_new(Arc::clone(&TREE), columns)
    }
}
