//! The local page: a server on the loopback address that answers whoever holds the token, and nobody else.

mod door;
mod page;
mod rows;
mod samples;
mod view;

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::header::{self, HeaderName, HeaderValue};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::Response;
use chrono::{SecondsFormat, Utc};
use tokio::net::TcpListener;
use tokio::sync::watch;
use url::form_urlencoded;

use self::door::{Knock, Token, pass};
use self::page::Page;
use self::view::View;
use super::session::{Session, SessionError};
use super::verdicts::Action;
use crate::render::{self, Renderer};

/// Why there is no page.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The port cannot be had.
    #[error("cannot listen on 127.0.0.1:{port}: {source}; name another by --port")]
    Listen {
        /// The port.
        port: u16,
        /// Why.
        source: std::io::Error,
    },
    /// The system gives no random bytes for the token.
    #[error("the system gives no random bytes for the token of the address")]
    Random,
    /// The server stopped.
    #[error("the local server stopped: {0}")]
    Stopped(#[from] std::io::Error),
}

/// Largest body of a request, bytes.
const BODY_BYTES_MAX: usize = 64 << 10;
/// How long requests in flight are waited for at the end.
const END_WAIT: Duration = Duration::from_secs(2);

/// What the page may do: run one script and show one style sheet, both its own; load nothing, be framed by nobody.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Headers of every answer.
const HEADERS: [(HeaderName, &str); 8] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::CACHE_CONTROL, "no-store"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("permissions-policy"), "camera=(), microphone=(), geolocation=()"),
];

const SCRIPT: &str = include_str!("page.js");
const STYLE: &str = include_str!("page.css");
const ICON: &str = include_str!("icon.svg");

struct Desk {
    token: Token,
    session: Mutex<Session>,
    renderer: Renderer,
}

/// Serves the page of a session until `end` says true; `begun` is told its address.
///
/// # Errors
/// The port cannot be had, or the server stopped.
pub fn serve(
    session: Session,
    port: u16,
    mut end: watch::Receiver<bool>,
    begun: impl FnOnce(&str),
) -> Result<(), ServeError> {
    let token = Token::new().ok_or(ServeError::Random)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let result = runtime.block_on(async {
        let failed = |source| ServeError::Listen { port, source };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        begun(&format!("http://{address}/t/{}/", token.as_str()));
        let desk = Arc::new(Desk { token, session: Mutex::new(session), renderer: Renderer::new() });
        let app = Router::new().fallback(move |request| answer(Arc::clone(&desk), request));
        let mut ended = end.clone();
        let over = async move { _ = ended.wait_for(|ended| *ended).await };
        let late = async move {
            let _ = end.wait_for(|ended| *ended).await;
            tokio::time::sleep(END_WAIT).await;
        };
        let server = axum::serve(listener, app).with_graceful_shutdown(over);
        match futures::future::select(Box::pin(server.into_future()), Box::pin(late)).await {
            futures::future::Either::Left((served, _)) => Ok(served?),
            futures::future::Either::Right(_) => Ok(()),
        }
    });
    runtime.shutdown_timeout(END_WAIT);
    result
}

fn reply(status: StatusCode, kind: &'static str, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

const PLAIN: &str = "text/plain; charset=utf-8";
const HTML: &str = "text/html; charset=utf-8";

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    // A header sent twice is read by some as the first and by some as the last: it is none here.
    let mut all = headers.get_all(name).iter();
    let first = all.next()?;
    all.next().is_none().then(|| first.to_str().ok())?
}

async fn answer(desk: Arc<Desk>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let reads = head.method == Method::GET || head.method == Method::HEAD;
    let rest = {
        let several = |name: &HeaderName| head.headers.get_all(name).iter().count() > 1;
        let host = head.uri.authority().map(axum::http::uri::Authority::as_str);
        let knock = Knock {
            changes: !reads,
            path: head.uri.path(),
            host: text(&head.headers, &header::HOST).filter(|named| host.is_none_or(|host| host == *named)),
            // An origin that cannot be read is a foreign one.
            origin: if several(&header::ORIGIN) { Some("several") } else { text(&head.headers, &header::ORIGIN) },
            site: text(&head.headers, &HeaderName::from_static("sec-fetch-site")),
        };
        match pass(&desk.token, knock) {
            Ok(rest) => rest.to_owned(),
            Err(refusal) => return reply(StatusCode::FORBIDDEN, PLAIN, refusal.message()),
        }
    };
    if reads {
        return match rest.as_str() {
            "" => {
                let view = View::of(head.uri.query().unwrap_or_default());
                blocking(move || desk.page(&view, None)).await
            }
            "page.js" => reply(StatusCode::OK, "text/javascript; charset=utf-8", SCRIPT),
            "page.css" => reply(StatusCode::OK, "text/css; charset=utf-8", format!("{STYLE}{}", render::STYLE)),
            "icon.svg" => reply(StatusCode::OK, "image/svg+xml", ICON),
            _ => reply(StatusCode::NOT_FOUND, PLAIN, "No such page.\n"),
        };
    }
    if !["act", "note", "skip", "step"].contains(&rest.as_str()) {
        return reply(StatusCode::NOT_FOUND, PLAIN, "No such page.\n");
    }
    if head.method != Method::POST {
        return reply(StatusCode::METHOD_NOT_ALLOWED, PLAIN, "Send it by POST.\n");
    }
    let Ok(body) = to_bytes(body, BODY_BYTES_MAX).await else {
        return reply(StatusCode::PAYLOAD_TOO_LARGE, PLAIN, "Too much was sent.\n");
    };
    let Ok(form) = String::from_utf8(body.to_vec()) else {
        return reply(StatusCode::BAD_REQUEST, PLAIN, "Not a form.\n");
    };
    blocking(move || desk.post(&rest, &form)).await
}

/// Files are read and written on threads that may wait.
async fn blocking(work: impl FnOnce() -> Response + Send + 'static) -> Response {
    let failed = |_| reply(StatusCode::INTERNAL_SERVER_ERROR, PLAIN, "The request failed.\n");
    tokio::task::spawn_blocking(work).await.unwrap_or_else(failed)
}

fn field(form: &str, wanted: &str) -> Option<String> {
    form_urlencoded::parse(form.as_bytes()).find(|(name, _)| name == wanted).map(|(_, value)| value.into_owned())
}

/// The action of a form.
fn action(form: &str) -> Option<Action> {
    let prefix = || field(form, "on")?.parse().ok();
    Some(match field(form, "do")?.as_str() {
        "accept" => Action::Accept(prefix()?),
        "refuse" => Action::Refuse(prefix()?),
        "split" => Action::Split(prefix()?),
        "clear" => Action::Clear(prefix()?),
        "take" => Action::Take,
        _ => return None,
    })
}

fn status(error: &SessionError) -> StatusCode {
    match error {
        SessionError::Conflict { .. } | SessionError::Nothing { .. } => StatusCode::CONFLICT,
        SessionError::UnknownDomain { .. } => StatusCode::NOT_FOUND,
        SessionError::Table(_) | SessionError::File(_) | SessionError::NoDomains { .. } => {
            StatusCode::INTERNAL_SERVER_ERROR
        }
    }
}

impl Desk {
    /// The page as it is now; with an error, what went wrong stands on it.
    fn page(&self, view: &View, error: Option<&SessionError>) -> Response {
        // A panic elsewhere leaves the session as it was before or after an action.
        let session = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        let made = (|| {
            let snapshot = session.read()?;
            let shown = match &view.domain {
                Some(name) => Some(session.domain(name)?),
                None => session.next(&snapshot, None),
            };
            let shown =
                shown.map(|domain| Ok::<_, SessionError>((domain, session.samples(&domain.name)?))).transpose()?;
            let view = View { domain: shown.as_ref().map(|(domain, _)| domain.name.clone()), ..view.clone() };
            let alert = error.map(ToString::to_string);
            let page = Page {
                session: &session,
                snapshot: &snapshot,
                renderer: &self.renderer,
                view: &view,
                alert: alert.as_deref(),
                shown,
            };
            Ok::<_, SessionError>(page.document().into_string())
        })();
        match made {
            Ok(html) => reply(error.map_or(StatusCode::OK, status), HTML, html),
            Err(error) => reply(status(&error), HTML, page::trouble(&error.to_string()).into_string()),
        }
    }

    fn post(&self, what: &str, form: &str) -> Response {
        let mut view = View::of(form);
        let at = Utc::now().to_rfc3339_opts(SecondsFormat::Secs, true);
        let bad = || reply(StatusCode::BAD_REQUEST, PLAIN, "Not a form of this page.\n");
        let done = {
            let mut session = self.session.lock().unwrap_or_else(PoisonError::into_inner);
            match (what, &view.domain) {
                ("act", Some(domain)) => {
                    let (Some(action), Some(seen)) = (action(form), field(form, "seen")) else { return bad() };
                    let done = session.act(domain, &action, Some(&seen), &at);
                    if let Action::Split(prefix) = action {
                        view.open = Some(prefix);
                    }
                    done
                }
                ("note", Some(domain)) => session.note(domain, &field(form, "note").unwrap_or_default()),
                ("skip", Some(domain)) => {
                    session.skip(domain);
                    Ok(())
                }
                ("step", _) => {
                    let stepped = match field(form, "do").as_deref() {
                        Some("undo") => session.undo(),
                        Some("redo") => session.redo(),
                        _ => return bad(),
                    };
                    stepped.map(|domain| {
                        if view.domain.as_ref() != Some(&domain) {
                            view = view.at(&domain);
                        }
                    })
                }
                _ => return bad(),
            }
        };
        match done {
            Ok(()) => {
                let mut response = reply(StatusCode::SEE_OTHER, PLAIN, "");
                if let Ok(target) = HeaderValue::from_str(&view.link()) {
                    response.headers_mut().insert(header::LOCATION, target);
                }
                response
            }
            Err(error) => self.page(&view, Some(&error)),
        }
    }
}
