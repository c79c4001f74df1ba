//! How the verifiers are started.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use test_support::Runtime;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..")
}

fn example(name: &str) -> PathBuf {
    root().join("docs/examples/verify-pass").join(name)
}

fn driver(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/origins/drivers").join(name)
}

/// A folder below the target folder, where compilers may keep what they made.
fn cache(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&folder).expect("the folder can be made");
    folder
}

fn command(runtime: Runtime) -> Command {
    Command::new(runtime.locate().unwrap_or_else(|error| panic!("{error:#}")))
}

fn interpreted(runtime: Runtime, driver_name: &str, example_name: &str) -> Command {
    let mut command = command(runtime);
    command.arg(driver(driver_name)).arg(example(example_name));
    command
}

pub fn node() -> Command {
    interpreted(Runtime::Node, "driver.mjs", "verify-pass.mjs")
}

pub fn python() -> Command {
    interpreted(Runtime::Python, "driver.py", "verify_pass.py")
}

pub fn php() -> Command {
    interpreted(Runtime::Php, "driver.php", "verify_pass.php")
}

/// `go run` takes files of one folder only.
pub fn go() -> Command {
    let folder = cache("verify-pass-go");
    let files = [example("verify_pass.go"), driver("driver.go")];
    let mut command = command(Runtime::Go);
    command.arg("run").args(files.map(|file| {
        let copy = folder.join(file.file_name().expect("a file"));
        std::fs::copy(&file, &copy).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        copy
    }));
    // Nothing is fetched, and nothing is written into the folder of the user.
    command.env("GO111MODULE", "off").env("GOPATH", cache("go")).env("GOCACHE", cache("go-build"));
    command
}

/// `java FILE` compiles one file, so the driver gets the compiled verifier on its class path.
pub fn java() -> Command {
    let classes = cache("verify-pass-classes");
    let jackson = test_support::locate_jackson().unwrap_or_else(|error| panic!("{error:#}"));
    let mut compiler = command(Runtime::JavaCompiler);
    compiler.arg("-d").arg(&classes).arg("-cp").arg(&jackson);
    run(compiler.arg(example("VerifyPass.java")).arg(driver("Driver.java")), "");
    let mut class_path = classes.into_os_string();
    class_path.push(":");
    class_path.push(&jackson);
    let mut command = command(Runtime::Java);
    command.arg("-cp").arg(class_path).arg("Driver");
    command
}

/// What it prints, if it ends well.
#[track_caller]
pub fn run(program: &mut Command, input: &str) -> String {
    let mut process = program
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{program:?}: {error}"));
    // All input is read before anything is printed, so neither side waits for the other.
    let written = process.stdin.take().expect("piped").write_all(input.as_bytes());
    let output = process.wait_with_output().expect("the program ends");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program:?}: {}\n{errors}", output.status);
    written.expect("the program reads its input");
    String::from_utf8(output.stdout).expect("text")
}
