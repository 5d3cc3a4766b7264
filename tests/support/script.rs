//! A server of one function: what is asked goes in, status and JSON come out.

#![allow(
    dead_code,
    unreachable_pub,
    reason = "a part of several test binaries, each of which uses some of it"
)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// A request.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    pub method: String,
    pub target: String,
    pub authorization: Option<String>,
    pub body: String,
}

/// The server and what it was asked.
pub struct Scripted {
    pub url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Scripted {
    /// The requests that begin like this: `GET /api/v3/catalog`.
    pub fn asked(&self, start: &str) -> Vec<Asked> {
        let all = self.asked.lock().expect("the log").clone();
        all.into_iter()
            .filter(|asked| format!("{} {}", asked.method, asked.target).starts_with(start))
            .collect()
    }
}

/// Starts it; each connection gets one answer, in a thread of its own.
pub fn script(answer: impl Fn(&Asked) -> (u16, String) + Send + Sync + 'static) -> Scripted {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let asked = Arc::new(Mutex::new(Vec::new()));
    let (log, answer) = (Arc::clone(&asked), Arc::new(answer));
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (log, answer) = (Arc::clone(&log), Arc::clone(&answer));
            std::thread::spawn(move || serve(&stream, &log, &*answer));
        }
    });
    Scripted { url, asked }
}

fn serve(stream: &TcpStream, log: &Mutex<Vec<Asked>>, answer: &dyn Fn(&Asked) -> (u16, String)) {
    let mut reader = BufReader::new(stream);
    let mut asked = Asked::default();
    let mut length = 0;
    let mut line = String::new();
    if reader.read_line(&mut line).unwrap_or(0) == 0 {
        return;
    }
    let mut words = line.split(' ');
    words.next().unwrap_or_default().clone_into(&mut asked.method);
    words.next().unwrap_or_default().clone_into(&mut asked.target);
    loop {
        line.clear();
        if reader.read_line(&mut line).unwrap_or(0) == 0 || line == "\r\n" {
            break;
        }
        let Some((name, value)) = line.trim_end().split_once(": ") else { continue };
        match name.to_ascii_lowercase().as_str() {
            "authorization" => asked.authorization = Some(value.to_owned()),
            "content-length" => length = value.parse().unwrap_or(0),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    let _ = reader.read_exact(&mut body);
    asked.body = String::from_utf8_lossy(&body).into_owned();
    log.lock().expect("the log").push(asked.clone());
    let (status, body) = answer(&asked);
    let kind = match body.as_bytes().first() {
        Some(b'<') => "Content-Type: text/html\r\n",
        Some(_) => "Content-Type: application/json\r\n",
        None => "",
    };
    let mut stream = stream;
    let _ = write!(
        stream,
        "HTTP/1.1 {status} X\r\n{kind}Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
}
