//! Writes every sample of every page into a directory, to be looked at in a browser: `cargo run -p poolhouse --example pages -- DIR`.

use std::fs;
use std::path::Path;

use poolhouse::console::kit::view::View;
use poolhouse::pages::contexts::{
    Confirm, ConfirmSignOut, Done, ErrorPage, Forgot, NewPassword, Page, Reset, SignIn, SignUp, SignedOut,
};
use poolhouse::pages::tools::{Home, Landing, NotFound};
use poolhouse::render::{Renderer, STYLE_PATH};

type Outcome = Result<(), Box<dyn std::error::Error>>;

fn main() -> Outcome {
    let directory = std::env::args().nth(1).ok_or("name a directory to write to")?;
    let out = Path::new(&directory);
    fs::create_dir_all(out)?;
    fs::write(out.join("style.css"), include_str!("../assets/style.css"))?;
    fs::write(out.join("sign.svg"), include_str!("../assets/sign.svg"))?;
    let renderer = Renderer::new()?;
    write::<SignIn>(&renderer, out)?;
    write::<NewPassword>(&renderer, out)?;
    write::<SignUp>(&renderer, out)?;
    write::<Confirm>(&renderer, out)?;
    write::<Forgot>(&renderer, out)?;
    write::<Reset>(&renderer, out)?;
    write::<SignedOut>(&renderer, out)?;
    write::<ConfirmSignOut>(&renderer, out)?;
    write::<Done>(&renderer, out)?;
    write::<ErrorPage>(&renderer, out)?;
    write::<NotFound>(&renderer, out)?;
    write::<Landing>(&renderer, out)?;
    write::<Home>(&renderer, out)?;
    write::<View>(&renderer, out)
}

fn write<P: Page>(renderer: &Renderer, out: &Path) -> Outcome {
    for (number, sample) in P::samples().iter().enumerate() {
        let html = renderer.render(sample)?;
        let name = P::TEMPLATE.replace(".html", &format!("-{number}.html"));
        fs::write(out.join(name), html.as_str().replace(STYLE_PATH.as_str(), "style.css"))?;
    }
    Ok(())
}
