//! `keizoku serve`: the services of a deployment, all in one process or each in its own.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use keizoku_cli::server::config::Config;
use keizoku_cli::server::{self, Ambient, CrashAt, Role, Roles, Server};
use keizoku_core::{NoProbe, Probe, SystemClock, SystemEntropy};
use keizoku_runtime::{Lifecycle, telemetry};
use tokio::signal::unix::{SignalKind, signal};

const EXAMPLES: &str = "\
Examples:
  keizoku serve                                    data in ./data, API on 127.0.0.1:7420
  keizoku serve --sample                           and load the sample export on the first start
  keizoku serve --data /var/lib/keizoku --config /etc/keizoku.toml
  keizoku serve risk --nats nats://127.0.0.1:4222 --listen 127.0.0.1:7422
                                                   one service; the others are elsewhere
  KEIZOKU__LOG__FORMAT=json keizoku serve          any key of the file, from the environment

Keys of the file, with their defaults:
  data_dir = \"data\"            listen = \"127.0.0.1:7420\"
  [log]  format = \"plain\"      filter = \"warn\"
  [nats] url = \"\"              and who connects      [notification] Slack and email
  [access] [tls] [limits] [telemetry]              `keizoku config` prints and explains all keys

The first SIGINT or SIGTERM finishes what was accepted (at most 10 s), the second ends at once.";

/// Environment variable by which crash tests choose where the process dies.
const CRASH_AT: &str = "KEIZOKU_CRASH_AT";

/// Arguments of `keizoku serve`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Services to run here [default: all of them]
    #[arg(value_name = "SERVICE")]
    services: Vec<Role>,
    /// Configuration file
    #[arg(long, value_name = "FILE.toml", env = "KEIZOKU_CONFIG")]
    config: Option<PathBuf>,
    /// Directory of logs and read models [default: data]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Address of the gRPC API [default: 127.0.0.1:7420]
    #[arg(long, value_name = "IP:PORT")]
    listen: Option<SocketAddr>,
    /// NATS, by which services of several processes exchange events; off without it
    #[arg(long, value_name = "URL")]
    nats: Option<String>,
    /// Load an export on the first start
    #[arg(long, value_name = "DIR", num_args = 0..=1, default_missing_value = "tests/data/salesforce-export")]
    sample: Option<PathBuf>,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let mut config = Config::load(args.config.as_deref())?;
    if let Some(data) = &args.data {
        config.data_dir.clone_from(data);
    }
    if let Some(listen) = args.listen {
        config.listen = listen;
    }
    if let Some(nats) = &args.nats {
        config.nats.url.clone_from(nats);
    }
    let roles = Roles::of(&args.services);
    if args.sample.is_some() && !roles.are_all() {
        anyhow::bail!(
            "--sample needs every service in this process; once all processes run, use \
             `keizoku import salesforce`"
        );
    }
    anyhow::ensure!(
        args.sample.is_none() || !(config.access.is_configured() || config.tls.is_configured()),
        "--sample goes with a server on loopback without [access] and [tls]; \
         load it with `keizoku import salesforce` and a token instead"
    );
    telemetry::start(config.log.format, &config.log.filter);
    // One thread for the RPCs: on few cores it beats several by far. What computes or waits for
    // the disk has threads of its own.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let served = runtime.block_on(serve(&config, &roles, args.sample.clone()));
    // What is still running was given its ten seconds.
    runtime.shutdown_background();
    served
}

async fn serve(
    config: &Config,
    roles: &Roles,
    sample: Option<PathBuf>,
) -> anyhow::Result<ExitCode> {
    let probe: Arc<dyn Probe> = match std::env::var(CRASH_AT) {
        Ok(point) => Arc::new(CrashAt::parse(&point)),
        Err(_) => Arc::new(NoProbe),
    };
    let ambient = Ambient {
        clock: Arc::new(SystemClock),
        entropy: Arc::new(SystemEntropy),
        probe,
    };
    let server = server::start(config, roles, &ambient).await?;
    stop_on_signals(server.lifecycle())?;
    let (address, is_new) = (server.address, server.is_new);
    let introduction = introduce(&server, config, roles, sample.filter(|_| is_new));
    tokio::select! {
        introduced = introduction => introduced?,
        () = server.lifecycle().stopped_owned() => {}
    }
    server.run().await?;
    eprintln!("keizoku: {address} is closed; everything that was answered is on disk");
    Ok(ExitCode::SUCCESS)
}

/// Loads the sample, if one is wanted, and says where everything is.
async fn introduce(
    server: &Server,
    config: &Config,
    roles: &Roles,
    sample: Option<PathBuf>,
) -> anyhow::Result<()> {
    let address = server.address;
    // A service may wait for others before it is ready.
    eprintln!("keizoku: {} on {address}", roles.names());
    server.ready().await;
    if let Some(directory) = sample {
        eprintln!("keizoku: first start, loading {}", directory.display());
        let report = server::import_sample(address, &directory).await?;
        eprintln!("{}", report.to_text());
    }
    let data = config.data_dir.display();
    let scheme = if config.tls.is_configured() {
        "https"
    } else {
        "http"
    };
    // The commands below look for the server at the default address.
    let elsewhere = if address == Config::default().listen {
        String::new()
    } else {
        format!("  export KEIZOKU_ENDPOINT={scheme}://{address}\n")
    };
    let api = match (config.tls.is_configured(), config.access.is_configured()) {
        (false, false) => format!("http://{address} (gRPC; this machine only, no token)"),
        (true, false) => format!("https://{address} (gRPC; this machine only, no token)"),
        (false, true) => format!("http://{address} (gRPC; this machine only, with a token)"),
        (true, true) => format!("https://{address} (gRPC; with a token or a client certificate)"),
    };
    let introduction = format!(
        "Keizoku is ready.
  API         {api}
  data        {data}
Try, in another terminal:
{elsewhere}  keizoku forecast                  the churn forecast by renewal month
  keizoku risk list                 open risks, next action first
  keizoku deadlines --within 30     renewals ahead, accounts at risk first
  keizoku --help                    everything else
Ctrl-C finishes what was accepted and stops; a second one stops at once.
"
    );
    // Whoever started the server may not be listening any more.
    let _ = std::io::stdout().write_all(introduction.as_bytes());
    Ok(())
}

/// The first signal drains, the second ends the process at once.
fn stop_on_signals(lifecycle: Lifecycle) -> std::io::Result<()> {
    let (mut interrupts, mut terminations) = (
        signal(SignalKind::interrupt())?,
        signal(SignalKind::terminate())?,
    );
    let watch = async move {
        let mut is_first = true;
        loop {
            tokio::select! {
                _ = interrupts.recv() => {}
                _ = terminations.recv() => {}
            }
            if !is_first {
                std::process::exit(130);
            }
            is_first = false;
            eprintln!("keizoku: finishing what was accepted; once more to stop at once");
            lifecycle.stop();
        }
    };
    #[expect(
        clippy::disallowed_methods,
        reason = "it outlives the draining that it may cut short"
    )]
    tokio::spawn(watch);
    Ok(())
}
