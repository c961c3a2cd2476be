//! What container runtimes call their containers: their APIs' answers and the files they keep.

use std::collections::HashMap;

use serde_json::Value;
use serde_json::value::RawValue;

use super::Malformed;

/// A container's id and what it is called.
pub type Named = (Box<str>, Box<str>);

/// The containers in a list: of Docker's and Podman's API (`GET /containers/json`,
/// `GET /libpod/containers/json`: `Id`, `Names`), and of containers/storage's `containers.json`
/// (`id`, `names`). One that has no name, or is described in another way, is passed over.
///
/// # Errors
///
/// When it is no list in JSON at all.
pub fn decode_list(json: &[u8]) -> Result<Vec<Named>, Malformed> {
    // One after the other: as a tree of values a long list takes many times its size.
    let list = serde_json::from_slice::<Vec<&RawValue>>(json).map_err(|e| malformed(json, &e))?;
    Ok(list.into_iter().filter_map(decode_described).collect())
}

/// One container of a list.
fn decode_described(json: &RawValue) -> Option<Named> {
    let described: HashMap<String, &RawValue> = serde_json::from_str(json.get()).ok()?;
    let field = |names: [&str; 2]| {
        let json = names.iter().find_map(|name| described.get(*name))?;
        serde_json::from_str::<Value>(json.get()).ok()
    };
    let id = field(["Id", "id"])?;
    let names = field(["Names", "names"])?;
    // Docker puts a slash in front, and adds the names by which linked containers know it:
    // `/web/db`.
    let mut names = names.as_array()?.iter().filter_map(Value::as_str);
    let names = names.by_ref().map(|name| name.strip_prefix('/').unwrap_or(name));
    let names: Vec<&str> = names.filter(|name| !name.is_empty()).collect();
    let own = names.iter().find(|name| !name.contains('/')).or(names.first())?;
    Some((id.as_str()?.into(), (*own).into()))
}

/// Annotations of a container's `config.json` (OCI runtime specification) that say what it is
/// called, the outermost first: namespace, pod, container.
const NAMES: [[&str; 3]; 2] = [
    // containerd, internal/cri/annotations/annotations.go
    [
        "io.kubernetes.cri.sandbox-namespace",
        "io.kubernetes.cri.sandbox-name",
        "io.kubernetes.cri.container-name",
    ],
    // CRI-O, as k8s.io/kubelet names labels (pkg/types/labels.go)
    ["io.kubernetes.pod.namespace", "io.kubernetes.pod.name", "io.kubernetes.container.name"],
];

/// nerdctl's, pkg/labels/labels.go.
const NERDCTL: &str = "nerdctl/name";

/// What CRI-O calls the container that holds a pod's namespaces.
const SANDBOX: &str = "POD";

/// What the container of this `config.json` is called: `namespace/pod/container`, a pod's own
/// container `namespace/pod`, nerdctl's by its name; `None` where it has no such annotation.
///
/// # Errors
///
/// When it is no object in JSON.
pub fn decode_config(json: &[u8]) -> Result<Option<Box<str>>, Malformed> {
    let config: HashMap<String, &RawValue> =
        serde_json::from_slice(json).map_err(|error| malformed(json, &error))?;
    let Some(annotations) = config.get("annotations") else {
        return Ok(None);
    };
    let annotations: Value =
        serde_json::from_str(annotations.get()).map_err(|error| malformed(json, &error))?;
    let text =
        |name: &str| annotations.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let nested = NAMES.iter().find_map(|names| {
        let parts = names.iter().filter_map(|name| text(name)).filter(|part| *part != SANDBOX);
        let parts: Vec<&str> = parts.collect();
        (!parts.is_empty()).then(|| parts.join("/"))
    });
    Ok(nested.or_else(|| text(NERDCTL).map(str::to_owned)).map(Into::into))
}

/// Where the JSON stops making sense.
fn malformed(json: &[u8], error: &serde_json::Error) -> Malformed {
    let before = json.split_inclusive(|byte| *byte == b'\n').take(error.line().saturating_sub(1));
    let at = before.map(<[u8]>::len).sum::<usize>() + error.column();
    let what = match error.classify() {
        serde_json::error::Category::Eof => "the JSON is cut short",
        serde_json::error::Category::Data => "the JSON holds something else",
        _ => "the text is not JSON",
    };
    Malformed { what, at }
}

#[cfg(test)]
mod tests {
    use super::super::hostile;
    use super::*;
    use proptest::prelude::*;

    /// As Docker's API describes containers (docs.docker.com/reference/api/engine), in part.
    const DOCKER: &[u8] = br#"[
{"Id":"3f2b","Names":["/db/link","/web"],"Image":"nginx","Labels":{"a":"b"},"State":"running"},
{"Id":"91aa","Names":["/db"],"Ports":[{"PrivatePort":80}]},
{"Id":"0000","Names":null},{"Id":7,"Names":["/x"]},{"Names":["/y"]},7,
{"Id":"77","Names":["/\u001b[31m\u0000"]}
]"#;
    /// As containers/storage keeps them (store's containers.go), in part.
    const STORAGE: &[u8] = br#"[{"id":"3f2b","names":["web"],"image":"x","layer":"y","flags":{}},
{"id":"91aa","image":"x"}]"#;

    #[test]
    fn lists_tell_names() {
        let check = |json: &[u8], expected: &[(&str, &str)]| {
            let found = decode_list(json).unwrap();
            let found: Vec<_> = found.iter().map(|(id, name)| (&**id, &**name)).collect();
            assert_eq!(found, expected);
        };
        check(DOCKER, &[("3f2b", "web"), ("91aa", "db"), ("77", "\u{1b}[31m\0")]);
        check(STORAGE, &[("3f2b", "web")]);
        check(b"[]", &[]);
        check(br#"[{"Id":"1","Names":["/a/b"]}]"#, &[("1", "a/b")]);
    }

    #[test]
    fn what_is_no_list_says_where() {
        let check = |json: &[u8], what: &str, at| {
            let error = decode_list(json).unwrap_err();
            assert_eq!((error.what, error.at), (what, at));
        };
        check(b"", "the JSON is cut short", 0);
        check(b"[{}\n,", "the JSON is cut short", 5);
        check(b"{}", "the JSON holds something else", 0);
        check(b"<html>", "the text is not JSON", 1);
        check(&[b'['; 100_000], "the JSON is cut short", 100_000);
    }

    #[test]
    fn configurations_tell_namespace_pod_and_container() {
        let check = |annotations: &str, expected: Option<&str>| {
            let json = format!(r#"{{"ociVersion":"1.1.0","annotations":{annotations}}}"#);
            assert_eq!(decode_config(json.as_bytes()).unwrap().as_deref(), expected, "{json}");
        };
        let containerd = r#"{"io.kubernetes.cri.container-name":"nginx",
            "io.kubernetes.cri.container-type":"container",
            "io.kubernetes.cri.sandbox-name":"web-0","io.kubernetes.cri.sandbox-namespace":"shop"}"#;
        check(containerd, Some("shop/web-0/nginx"));
        let sandbox = r#"{"io.kubernetes.cri.sandbox-name":"web-0",
            "io.kubernetes.cri.sandbox-namespace":"shop"}"#;
        check(sandbox, Some("shop/web-0"));
        let crio = |name| {
            format!(
                r#"{{"io.kubernetes.container.name":"{name}","io.kubernetes.pod.name":"web-0",
                "io.kubernetes.pod.namespace":"shop","io.kubernetes.pod.uid":"6a"}}"#
            )
        };
        check(&crio("nginx"), Some("shop/web-0/nginx"));
        check(&crio("POD"), Some("shop/web-0"));
        check(r#"{"nerdctl/name":"web","nerdctl/namespace":"default"}"#, Some("web"));
        check(r#"{"nerdctl/name":7}"#, None);
        check("{}", None);
        check("[]", None);
        check("null", None);
        assert_eq!(decode_config(b"{}").unwrap(), None);
        assert!(decode_config(b"[]").is_err() && decode_config(b"{").is_err());
    }

    proptest! {
        #[test]
        fn hostile_json_is_survived(
            list in hostile::variants(DOCKER), kept in hostile::variants(STORAGE),
        ) {
            for json in [list, kept] {
                let named = decode_list(&json).unwrap_or_default();
                prop_assert!(named.iter().all(|(_, name)| !name.is_empty()));
                let _ = decode_config(&json);
            }
        }
    }
}
