//! A small HTTP server on the loopback address that fails exactly as told.

use std::collections::{BTreeMap, VecDeque};
use std::io::{self, BufRead, BufReader, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use url::Url;

/// What the server does with one request; without a plan it serves.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    /// Answers as a good server: ranges, `If-Range`, `If-None-Match`, HEAD.
    Serve,
    /// As `Serve`, but closes the connection after so many bytes of the body.
    BreakAfter(usize),
    /// Closes the connection without an answer.
    HangUp,
    /// Answers with a status.
    Status(u16),
    /// Answers with a status and a `Retry-After`.
    Later(u16, String),
    /// Sends the whole file, whatever range was asked for.
    IgnoreRange,
    /// Sends so many bytes of the body, then nothing for this long.
    Stall(usize, Duration),
    /// Announces so many bytes more than it sends.
    PromiseMore(usize),
    /// Sends the body in chunks, without a length; breaks off after so many bytes, if told.
    Chunked(Option<usize>),
    /// Sends the client elsewhere.
    Redirect(String),
    /// Answers any range request with the range from this byte on.
    OtherRange(usize),
    /// Takes this long before serving.
    Slow(Duration),
    /// Puts another version in the file's place (bytes, ETag), then serves.
    Replace(Vec<u8>, &'static str),
}

/// A request as the server saw it.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) at: Instant,
}

impl Asked {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }
}

#[derive(Clone, Default)]
struct Entry {
    bytes: Vec<u8>,
    etag: String,
    plan: VecDeque<Act>,
}

#[derive(Default)]
struct State {
    entries: BTreeMap<String, Entry>,
    asked: Vec<Asked>,
    /// What becomes of every so-manieth request that has no plan, in turn.
    faults: (usize, VecDeque<Act>),
    open: usize,
    open_max: usize,
}

/// The running server; it stops when dropped.
pub(crate) struct Server {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    stop: Arc<AtomicBool>,
}

impl Server {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (state, stop) = (Arc::<Mutex<State>>::default(), Arc::<AtomicBool>::default());
        let server = Self { address, state: Arc::clone(&state), stop: Arc::clone(&stop) };
        thread::spawn(move || {
            for stream in listener.incoming() {
                if stop.load(Ordering::SeqCst) {
                    return;
                }
                let (state, Ok(stream)) = (Arc::clone(&state), stream) else { continue };
                // The client's hanging up is none of the server's business.
                thread::spawn(move || answer(&stream, &state).unwrap_or_default());
            }
        });
        server
    }

    /// Places a file; its ETag is `"v1"`.
    pub(crate) fn put(&self, path: &str, bytes: impl Into<Vec<u8>>) -> Url {
        self.put_version(path, bytes, "\"v1\"")
    }

    /// Places a file with this ETag; none where it is empty.
    pub(crate) fn put_version(&self, path: &str, bytes: impl Into<Vec<u8>>, etag: &str) -> Url {
        let entry = Entry { bytes: bytes.into(), etag: etag.to_owned(), plan: VecDeque::new() };
        self.state.lock().unwrap().entries.insert(path.to_owned(), entry);
        self.url(path)
    }

    /// What to do with the next requests for a file.
    pub(crate) fn plan(&self, path: &str, acts: impl IntoIterator<Item = Act>) {
        self.state.lock().unwrap().entries.get_mut(path).unwrap().plan = acts.into_iter().collect();
    }

    /// Fails every so-manieth request in one of these ways, each in turn.
    pub(crate) fn fail_every(&self, every: usize, acts: impl IntoIterator<Item = Act>) {
        self.state.lock().unwrap().faults = (every, acts.into_iter().collect());
    }

    pub(crate) fn url(&self, path: &str) -> Url {
        Url::parse(&format!("http://{}{path}", self.address)).unwrap()
    }

    /// All requests so far.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.state.lock().unwrap().asked.clone()
    }

    /// The `Range` headers of all requests so far, empty where there was none.
    pub(crate) fn ranges(&self) -> Vec<String> {
        self.asked().iter().map(|asked| asked.header("range").to_owned()).collect()
    }

    /// Most requests that were waiting for an answer at one time.
    pub(crate) fn open_max(&self) -> usize {
        self.state.lock().unwrap().open_max
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
    }
}

/// One request a connection.
fn answer(mut stream: &TcpStream, state: &Mutex<State>) -> io::Result<()> {
    let Some(asked) = read_request(stream)? else { return Ok(()) };
    let (entry, act) = {
        let mut state = state.lock().unwrap();
        state.asked.push(asked.clone());
        let number = state.asked.len();
        state.open += 1;
        state.open_max = state.open_max.max(state.open);
        let (every, faults) = &mut state.faults;
        let mut fault = None;
        if *every > 0 && number.is_multiple_of(*every) {
            faults.rotate_left(1);
            fault = faults.back().cloned();
        }
        match state.entries.get_mut(&asked.path) {
            None => (Entry::default(), Act::Status(404)),
            Some(entry) => {
                let act = entry.plan.pop_front().or(fault).unwrap_or(Act::Serve);
                if let Act::Replace(bytes, etag) = &act {
                    (entry.bytes, entry.etag) = (bytes.clone(), (*etag).to_owned());
                }
                (entry.clone(), act)
            }
        }
    };
    if let Act::Slow(pause) = &act {
        thread::sleep(*pause);
    }
    // Before the first byte of the answer: until then the client can't take it for finished and send the next request.
    state.lock().unwrap().open -= 1;
    let result = perform(stream, &entry, &act, &asked);
    stream.flush()?;
    stream.shutdown(Shutdown::Both)?;
    result
}

fn perform(mut stream: &TcpStream, entry: &Entry, act: &Act, asked: &Asked) -> io::Result<()> {
    let mut head = |status: &str, headers: &[(&str, String)]| {
        let mut text = format!("HTTP/1.1 {status}\r\nConnection: close\r\n");
        for (name, value) in headers {
            text.extend([*name, ": ", value, "\r\n"]);
        }
        stream.write_all((text + "\r\n").as_bytes())
    };
    let length = |n: usize| ("Content-Length", n.to_string());
    match act {
        Act::HangUp => return Ok(()),
        Act::Status(status) => return head(&format!("{status} As told"), &[length(0)]),
        Act::Later(status, after) => {
            return head(&format!("{status} Later"), &[length(0), ("Retry-After", after.clone())]);
        }
        Act::Redirect(to) => return head("302 Found", &[length(0), ("Location", to.clone())]),
        _ => {}
    }
    let etag = (!entry.etag.is_empty()).then(|| ("ETag", entry.etag.clone()));
    if !entry.etag.is_empty() && asked.header("if-none-match") == entry.etag {
        return head("304 Not Modified", &[("ETag", entry.etag.clone())]);
    }
    let whole = entry.bytes.len();
    // As `1-`, `1-2` or `-2`; the last byte is none but in the second form.
    let (mut wanted, mut last) = (None, whole.saturating_sub(1));
    if let Some((from, to)) = asked.header("range").strip_prefix("bytes=").and_then(|range| range.split_once('-')) {
        match (from, to) {
            ("", count) => wanted = Some(whole.saturating_sub(count.parse().unwrap())),
            (from, "") => wanted = Some(from.parse().unwrap()),
            (from, to) => {
                wanted = Some(from.parse().unwrap());
                last = last.min(to.parse().unwrap());
            }
        }
    }
    if matches!(act, Act::IgnoreRange) || !["", entry.etag.as_str()].contains(&asked.header("if-range")) {
        (wanted, last) = (None, whole.saturating_sub(1));
    }
    if let (Act::OtherRange(first), Some(_)) = (act, wanted) {
        wanted = Some(*first);
    }
    if wanted.is_some_and(|first| first >= whole) {
        return head("416 Range Not Satisfiable", &[length(0), ("Content-Range", format!("bytes */{whole}"))]);
    }
    let body = entry.bytes.get(wanted.unwrap_or(0)..=last).unwrap_or_default();
    let mut headers: Vec<_> = etag.into_iter().collect();
    headers.push(match act {
        Act::Chunked(_) => ("Transfer-Encoding", "chunked".to_owned()),
        Act::PromiseMore(more) => length(body.len() + more),
        _ => length(body.len()),
    });
    match wanted {
        None => head("200 OK", &headers)?,
        Some(first) => {
            headers.push(("Content-Range", format!("bytes {first}-{last}/{whole}")));
            head("206 Partial Content", &headers)?;
        }
    }
    if asked.method == "HEAD" {
        return Ok(());
    }
    match act {
        Act::BreakAfter(n) => stream.write_all(&body[..*n.min(&body.len())]),
        Act::Stall(n, pause) => {
            stream.write_all(&body[..*n.min(&body.len())])?;
            thread::sleep(*pause);
            Ok(())
        }
        Act::Chunked(broken_at) => {
            for chunk in body[..broken_at.unwrap_or(body.len()).min(body.len())].chunks(1000) {
                write!(stream, "{:x}\r\n", chunk.len())?;
                stream.write_all(chunk)?;
                stream.write_all(b"\r\n")?;
            }
            if broken_at.is_none() { stream.write_all(b"0\r\n\r\n") } else { Ok(()) }
        }
        _ => stream.write_all(body),
    }
}

fn read_request(stream: &TcpStream) -> io::Result<Option<Asked>> {
    let mut lines = BufReader::new(stream).lines();
    let Some(first) = lines.next().transpose()? else { return Ok(None) };
    let mut words = first.split(' ').map(str::to_owned);
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let mut headers = BTreeMap::new();
    for line in lines {
        let line = line?;
        let Some((name, value)) = line.split_once(": ") else { break };
        headers.insert(name.to_ascii_lowercase(), value.to_owned());
    }
    Ok(Some(Asked { method, path, headers, at: Instant::now() }))
}
