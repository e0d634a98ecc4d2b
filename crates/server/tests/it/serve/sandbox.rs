//! The sandbox of `serve`: what is no longer possible inside, and what is said where a kernel cannot give it.
//!
//! What binds a process for good is tried in processes of their own: this very program, started again with the name of an
//! ignored test.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::net::{TcpListener, TcpStream, ToSocketAddrs as _};
use std::process::Command;

use http::StatusCode;
use nix::errno::Errno;
use poolhouse::config::{Ambient, ServeConfig};
use poolhouse::sandbox::{Reach, enter};
use poolhouse_store::testkit::Scratch;
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter};

use crate::program::{Site, text};

/// Runs one ignored test of this file in a process of its own.
fn alone(test: &str) {
    let name = format!("serve::sandbox::{test}");
    let output = Command::new(std::env::current_exe().unwrap()).args(["--exact", &name, "--ignored", "--nocapture"]).output();
    let output = output.unwrap();
    let said = format!("{}{}", text(&output.stdout), text(&output.stderr));
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}

/// The other tests of a shared process would be bound too.
fn in_a_process_of_its_own() {
    assert!(std::env::args().any(|argument| argument == "--exact"), "run by the tests of this file");
}

/// Has the kernel know none of these system calls, for this process and its children.
fn without(calls: &[i64]) {
    let rules: BTreeMap<i64, Vec<_>> = calls.iter().map(|call| (*call, Vec::new())).collect();
    let unknown = SeccompAction::Errno(libc::ENOSYS.unsigned_abs());
    let arch = std::env::consts::ARCH.try_into().unwrap();
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, unknown, arch).unwrap();
    seccompiler::apply_filter_all_threads(&BpfProgram::try_from(filter).unwrap()).unwrap();
}

fn refused<T>(result: io::Result<T>) -> bool {
    result.is_err_and(|error| error.kind() == io::ErrorKind::PermissionDenied)
}

fn no_programs() {
    assert!(refused(Command::new("/bin/true").status()));
    assert_eq!(nix::sys::ptrace::traceme(), Err(Errno::EPERM));
}

fn no_files() {
    for closed in ["/etc/shadow", "/etc/passwd", "/proc/1/environ", "/proc/self/mem"] {
        assert!(refused(File::open(closed)), "{closed}");
    }
    assert!(refused(fs::read_dir("/")));
    assert!(refused(fs::write("/tmp/poolhouse-sandbox", "x")));
}

#[tokio::test]
async fn sec_195_every_thread_of_the_server_is_confined() {
    let site = Site::new(1);
    site.key("admin", &["--allow", "*"]);
    let confined = |on: bool| {
        let program = site.serve();
        let mut threads = 0;
        for task in fs::read_dir(format!("/proc/{}/task", program.pid())).unwrap().map(Result::unwrap) {
            let status = fs::read_to_string(task.path().join("status")).unwrap();
            let says = |line: &str| status.lines().any(|l| l.split_whitespace().collect::<Vec<_>>().join(" ") == line);
            assert_eq!((says("Seccomp: 2"), says("NoNewPrivs: 1")), (on, on), "{status}");
            threads += 1;
        }
        assert!(threads > 2);
        program
    };
    let program = confined(true);
    assert_eq!(program.get("/_poolhouse/ready").await.status, StatusCode::OK);
    drop(program);
    site.change("[listen]", "sandbox = \"off\"\n[listen]");
    confined(false);
}

#[test]
fn sec_195_inside_there_is_no_program_no_file_and_no_way_out() {
    alone("inside");
}

#[test]
#[ignore = "run by sec_195_inside_there_is_no_program_no_file_and_no_way_out"]
fn inside() {
    in_a_process_of_its_own();
    let scratch = Scratch::new().unwrap();
    let (read, data) = (scratch.path().join("read"), scratch.path().join("data"));
    for dir in [&read, &data] {
        fs::create_dir(dir).unwrap();
        fs::write(dir.join("file"), "here").unwrap();
    }
    let listeners = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    let [allowed, other] = [0, 1].map(|at| listeners[at].local_addr().unwrap());
    let reach = Reach { read: vec![read.clone()], write: vec![data.clone()], connect: vec![allowed.port()] };
    let missing = enter(&reach);
    let tries = || {
        if !missing.iter().any(|part| part.contains("seccomp")) {
            no_programs();
            let parent = nix::unistd::getppid();
            assert_eq!(nix::sys::ptrace::attach(parent), Err(Errno::EPERM));
            assert_eq!(nix::sched::unshare(nix::sched::CloneFlags::CLONE_NEWUSER), Err(Errno::EPERM));
            let mount = nix::mount::mount(None::<&str>, "/tmp", Some("tmpfs"), nix::mount::MsFlags::empty(), None::<&str>);
            assert_eq!(mount, Err(Errno::EPERM));
        }
        if !missing.iter().any(|part| part.contains("Landlock is not there")) {
            no_files();
            assert!(refused(fs::write(read.join("file"), "x")));
            assert!(refused(std::os::unix::fs::symlink("/etc/shadow", data.join("link"))));
        }
        if missing.is_empty() {
            assert!(refused(TcpStream::connect(other)));
            assert!(refused(TcpListener::bind("127.0.0.1:0")));
            assert_eq!(nix::sys::signal::kill(nix::unistd::getppid(), None), Err(Errno::EPERM));
        }
        // What serving needs.
        assert_eq!(fs::read_to_string(read.join("file")).unwrap(), "here");
        fs::write(data.join("file"), "there").unwrap();
        fs::write(data.join("new"), "new").unwrap();
        fs::remove_file(data.join("new")).unwrap();
        TcpStream::connect(allowed).unwrap();
    };
    tries();
    std::thread::scope(|threads| threads.spawn(tries).join().unwrap());
    drop(listeners);
}

#[test]
fn sec_195_the_configuration_opens_what_serving_needs() {
    alone("configured");
}

#[test]
#[ignore = "run by sec_195_the_configuration_opens_what_serving_needs"]
fn configured() {
    in_a_process_of_its_own();
    let site = Site::new(2525);
    let settings = ServeConfig::read(&site.config).unwrap().settle(&Ambient::default()).unwrap();
    let reach = Reach::of(&settings).unwrap();
    let data = site.path().join("data");
    assert_eq!((&reach.write, &reach.connect), (&vec![data.clone()], &vec![53, 2525]));
    let threads = std::thread::available_parallelism().unwrap();
    let missing = enter(&reach);
    assert!(("localhost", 80).to_socket_addrs().unwrap().count() > 0);
    fs::read("/etc/resolv.conf").unwrap();
    assert_eq!(std::thread::available_parallelism().unwrap(), threads);
    fs::write(data.join("poolhouse.db-wal"), "here").unwrap();
    if !missing.iter().any(|part| part.contains("Landlock is not there")) {
        no_files();
        // Read before, and in memory.
        for read in ["master.key", "poolhouse.toml"] {
            assert!(refused(File::open(site.path().join(read))), "{read}");
        }
    }
}

#[test]
fn sec_195_a_kernel_without_landlock_is_told_of_or_refused() {
    alone("without_landlock");
}

#[test]
#[ignore = "run by sec_195_a_kernel_without_landlock_is_told_of_or_refused"]
fn without_landlock() {
    in_a_process_of_its_own();
    let site = Site::new(1);
    site.key("admin", &["--allow", "*"]);
    without(&[libc::SYS_landlock_create_ruleset]);
    let program = site.serve();
    let log = program.log();
    let warning = log.lines().find(|line| line.contains("the kernel cannot give this part of the sandbox")).expect(&log);
    assert!(warning.contains("\"WARN\"") && warning.contains("Landlock is not there"), "{warning}");
    drop(program);

    site.change("[listen]", "sandbox = \"require\"\n[listen]");
    let output = site.refused();
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("The sandbox is required, and not in force: Landlock is not there"));
}

#[test]
fn sec_195_a_kernel_without_seccomp_still_closes_files() {
    alone("without_seccomp");
}

#[test]
#[ignore = "run by sec_195_a_kernel_without_seccomp_still_closes_files"]
fn without_seccomp() {
    in_a_process_of_its_own();
    without(&[libc::SYS_seccomp]);
    let missing = enter(&Reach::default());
    assert!(missing.iter().any(|part| part.starts_with("seccomp failed")), "{missing:?}");
    if !missing.iter().any(|part| part.contains("Landlock")) {
        no_files();
    }
}
