//! `keizoku config`.

use std::fs;

use keizoku_cli::server::config::Config;
use tempfile::tempdir;

use super::{argument, command, told};

#[tokio::test]
async fn the_printed_configuration_is_a_configuration() {
    let folder = tempdir().unwrap();
    let (status, defaults, err) = told(&["config"]).await;
    assert_eq!(status, 0, "{err}");
    let file = folder.path().join("keizoku.toml");
    fs::write(&file, &defaults).unwrap();
    let read = Config::load(Some(&file)).unwrap();
    assert_eq!(format!("{read:?}"), format!("{:?}", Config::default()));
    let keys = defaults.lines().filter(|line| line.contains(" = "));
    let explained = defaults.matches("# Default: ").count();
    assert_eq!(
        keys.filter(|line| !line.starts_with('#')).count(),
        explained
    );

    // The file comes before the default, the environment before the file.
    let odd = r#"a "b" \c"#;
    let text = format!("data_dir = '{odd}'\n[log]\nformat = \"json\"\nfilter = \"info\"\n");
    fs::write(&file, text).unwrap();
    let mut config = command(&["config", "--config", argument(&file)]);
    let output = config
        .env("KEIZOKU__LOG__FILTER", "debug")
        .output()
        .unwrap();
    let effective = String::from_utf8(output.stdout).unwrap();
    assert!(effective.contains("\nformat = \"json\"\n"), "{effective}");
    assert!(
        effective.contains("# Default: \"warn\"\nfilter = \"debug\"\n"),
        "{effective}"
    );
    fs::write(&file, &effective).unwrap();
    let read = Config::load(Some(&file)).unwrap();
    assert_eq!(read.data_dir.to_str(), Some(odd));
}

#[tokio::test]
async fn what_is_no_configuration_is_refused_by_name() {
    let folder = tempdir().unwrap();
    let file = folder.path().join("keizoku.toml");
    let name = argument(&file);
    let refused = async |text: &str| {
        fs::write(&file, text).unwrap();
        let (status, out, err) = told(&["config", "--config", name]).await;
        assert_eq!((status, out.as_str()), (2, ""), "{err}");
        err
    };
    let err = refused("listn = 1\n[log]\nfliter = \"info\"\n[colours]\nred = 1\n").await;
    assert!(
        err.contains("there is no key `listn`") && err.contains("did you mean `listen`?"),
        "{err}"
    );
    assert!(
        err.contains("`log.fliter`") && err.contains("did you mean `log.filter`?"),
        "{err}"
    );
    assert!(err.contains("there is no key `colours`"), "{err}");
    assert!(
        refused("listen = \"nowhere\"")
            .await
            .contains("the configuration cannot be used\n  why: ")
    );
    assert!(
        refused("log = 5")
            .await
            .contains("the configuration cannot be used")
    );
    assert!(refused("listen =").await.contains("cannot be read as TOML"));

    let (status, _, err) = told(&["config", "--config", "nowhere.toml"]).await;
    assert_eq!(status, 2);
    assert!(err.contains("there is no file nowhere.toml"), "{err}");
    let output = command(&["config"])
        .env("KEIZOKU__LISTN", "x")
        .output()
        .unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    assert!(
        err.contains("`listn` (in the environment, as KEIZOKU__LISTN)"),
        "{err}"
    );
}

#[tokio::test]
async fn everything_that_does_not_fit_is_said_at_once() {
    let folder = tempdir().unwrap();
    let file = folder.path().join("keizoku.toml");
    let text = "[access]\njwks_url = \"http://id.example.com/keys\"\n\
                certificate_roles = { watcher = \"viewer\" }\n\
                [tls]\ncertificate_file = \"server.pem\"\n\
                [limits]\nrequests_in_flight = 0\n\
                [telemetry]\nendpoint = \"collector:4317\"\n";
    fs::write(&file, text).unwrap();
    let (status, out, err) = told(&["config", "--config", argument(&file)]).await;
    assert_eq!((status, out.as_str()), (2, ""), "{err}");
    for key in [
        "access.issuer is required",
        "access.audience is required",
        "access.jwks_url must begin with https://",
        "access.certificate_roles needs tls.client_ca_file",
        "tls.key_file and certificate_file go together",
        "limits.requests_in_flight must be at least 1",
        "telemetry.endpoint must begin with http",
    ] {
        assert!(err.contains(key), "`{key}` is not in {err}");
    }
    let unknown_role = "[access]\ncertificate_roles = { watcher = \"boss\" }\n";
    fs::write(&file, unknown_role).unwrap();
    let (status, _, err) = told(&["config", "--config", argument(&file)]).await;
    assert_eq!(status, 2);
    assert!(err.contains("boss"), "{err}");
}

#[tokio::test]
async fn a_token_needs_a_secret_and_a_role_that_exists() {
    let (status, out, err) = told(&["token"]).await;
    assert_eq!((status, out.as_str()), (2, ""));
    assert!(
        err.contains("access.hs256_secret_file or hs256_secret_env is required"),
        "{err}"
    );
    let (status, _, err) = told(&["token", "--role", "boss"]).await;
    assert_eq!(status, 2);
    assert!(
        err.contains("the roles are viewer, csm, ops, admin, service"),
        "{err}"
    );
}
