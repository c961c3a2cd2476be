//! Command lines, and what they run.

use super::*;
use alloc::string::String;

#[test]
fn interpreters_run_a_file_a_module_or_a_class() {
    let check = |image: &str, line: &str, expected: Option<&str>| {
        assert_eq!(of(image, line).as_deref(), expected, "{image}: {line}");
    };
    check("python3.11", "/usr/bin/python3 /srv/job.py --all", Some("/srv/job.py"));
    check("python3", "python3 -u -W ignore -X dev job.py", Some("job.py"));
    check("python3", "python3 -m http.server 80", Some("http.server"));
    check("python3", "python3 -c 'print(1)' x.py", None);
    check("node", "node --inspect -r ./hook.js 'my app/server.js'", Some("my app/server.js"));
    check("node", "node -e 0", None);
    check("deno", "deno run --allow-net main.ts", Some("main.ts"));
    check("bun", "bun server.ts", Some("server.ts"));
    check("java", "java -Xmx1g -jar /opt/x.jar run", Some("/opt/x.jar"));
    check("java", "java -cp a.jar:b.jar org.example.Main --x", Some("org.example.Main"));
    check("java", "java -p mods -m app/org.example.Main", Some("app/org.example.Main"));
    check("sh", "sh '/opt/my app/run.sh' x", Some("/opt/my app/run.sh"));
    check("bash", "bash -lc 'sleep 1'", None);
    check("bash", "bash -eu -o pipefail run.sh", Some("run.sh"));
    check("bash", "-bash", None);
    check("bash", "bash --rcfile /etc/rc", None);
    check("perl", "perl -w -I lib x.pl", Some("x.pl"));
    check("ruby3.1", "ruby3.1 -r json x.rb", Some("x.rb"));
    check("php8.2", "php8.2 -d a=b -f x.php", Some("x.php"));
    check("dotnet", "dotnet exec --depsfile d.json app.dll", Some("app.dll"));
    check("python.exe", "python.exe -- -x.py", Some("-x.py"));
    check("nginx", "nginx /etc/nginx.conf", None);
    check("python3", "python3 ''", None);
    check("shutdown", "shutdown now", None);
    check("python3", "python3", None);
    check("python3", "", None);
    check("java", "java -jar", None);
}

#[test]
fn options_stand_together_and_have_values_in_or_behind_them() {
    let check = |image: &str, line: &str, expected: Option<&str>| {
        assert_eq!(of(image, line).as_deref(), expected, "{image}: {line}");
    };
    check("python3.11", "python3 -mhttp.server 8604", Some("http.server"));
    check("python3.11", "python3 -bmhttp.server 8604", Some("http.server"));
    check("python3.11", "python3 -um http.server 8604", Some("http.server"));
    check("python3", "python3 -uc 'import x' y.py", None);
    check("python3", "python3 -c'import x' y.py", None);
    check("python3", "python3 -Wignore -uX dev -BEs job.py", Some("job.py"));
    check("python3", "python3 --check-hash-based-pycs always +x.py", Some("+x.py"));
    check("python3", "python3 - x.py", None);
    check("node", "node -pe 1 x.js", None);
    check("node", "node --eval=1 x.js", None);
    check("node", "node --require=./a.js --title me --max-old-space-size=9 x.js", Some("x.js"));
    check("node", "node --env-file .env -i -- -x.js", Some("-x.js"));
    check("node", "node inspect x.js", Some("x.js"));
    check("node", "node --run start", None);
    check("deno", "deno run -Ac deno.json -R=/srv --v8-flags=--x main.ts", Some("main.ts"));
    check("deno", "deno run -r main.ts", Some("main.ts"));
    check("deno", "deno eval 'await 1'", None);
    check("deno", "deno task dev", None);
    check("bun", "bun -br ./p.ts run --port 80 main.ts", Some("main.ts"));
    check("bun", "bun -pe 1 x.ts", None);
    check("bun", "bun --config=b.toml test x.ts", None);
    check("java", "java @/srv/options -verbose a.Main", None);
    check("java", "java -cp x @options a.Main", None);
    check("java", "java -jar a.jar @x", Some("a.jar"));
    check("java", "java --class-path=a.jar -Da=b -XX:+UseZGC a.Main", Some("a.Main"));
    check("java", "java --module=app/a.Main x", Some("app/a.Main"));
    check("bash", "bash -euo pipefail run.sh", Some("run.sh"));
    check("bash", "bash -oe pipefail +x run.sh", Some("run.sh"));
    check("bash", "bash -xec 'sleep 1' run.sh", None);
    check("bash", "bash -O extglob +O globstar -l run.sh", Some("run.sh"));
    check("bash", "bash - -x.sh", Some("-x.sh"));
    check("dash", "dash -se a b", None);
    check("zsh", "zsh -foextendedglob x.zsh", Some("x.zsh"));
    check("ksh93", "ksh93 -eo pipefail x.ksh", Some("x.ksh"));
    check("fish", "fish -NC 'set x' x.fish", Some("x.fish"));
    check("fish", "fish --command=ls x", None);
    check("perl", "perl -we 'sleep 1' x", None);
    check("perl", "perl -Mstrict -wnE 'say' x", None);
    check("perl", "perl -CSDe 1 x", None);
    check("perl", "perl -CS -0777 -i.bake -lan -F: x.pl", Some("x.pl"));
    check("perl", "perl -wI lib -d:NYTProf x.pl", Some("x.pl"));
    check("perl", "perl -wIlib -T x.pl", Some("x.pl"));
    check("ruby", "ruby -ne 'puts' x", None);
    check("ruby", "ruby -wr json -Ilib -W:no-experimental -Ku x.rb", Some("x.rb"));
    check("ruby", "ruby --encoding utf-8 --enable=yjit -C/srv x.rb", Some("x.rb"));
    check("php8.2", "php8.2 -nS 0:80 -t /srv router.php", Some("router.php"));
    check("php8.2", "php8.2 -dx=fry -nfx.php y", Some("x.php"));
    check("php", "php -nr 'sleep(1);' x.php", None);
    check("php", "php --file=x.php y", Some("x.php"));
    check("php", "php -- x.php", None);
    check("dotnet", "dotnet --roll-forward Major app.dll x", Some("app.dll"));
    check("dotnet", "dotnet run --project x", None);
    check("lua5.4", "lua5.4 -lsocket -e 'x = 1' x.lua", Some("x.lua"));
    check("luajit", "luajit -joff -O3 x.lua", Some("x.lua"));
    check("tclsh8.6", "tclsh8.6 -encoding utf-8 x.tcl", Some("x.tcl"));
    check("Rscript", "Rscript --vanilla -e 1 x.R", None);
    check("guile", "guile -L /srv -e main -s x.scm y", Some("x.scm"));
    check("guile", "guile -c 1 x.scm", None);
    check("mono", "mono --debug --config m.cfg x.exe", Some("x.exe"));
    check("wine64", "wine64 x.exe", Some("x.exe"));
}

#[test]
fn words_are_those_that_were_quoted() {
    let check = |line: &str, expected: &[&str]| {
        assert_eq!(Words(line).collect::<Vec<_>>(), expected, "{line}");
    };
    check("", &[]);
    check("  a  b ", &["a", "b"]);
    check("a '' b", &["a", "", "b"]);
    check(r"a 'it'\''s' b", &["a", "it's", "b"]);
    check("'a b'c d", &["a bc", "d"]);
    check("'never closed", &["never closed"]);
    check(r"C:\x \ y", &[r"C:\x", r"\", "y"]);
    check(r"a $'/srv/\xff' $'it\'s' $'\\x'", &["a", r"/srv/\xff", "it's", r"\x"]);
    check("$'never closed", &["never closed"]);
    check("$x '$y' $", &["$x", "$y", "$"]);
}

proptest::proptest! {
    #[test]
    fn any_line_ends(line in "[ '\\\\$xf-]{0,40}") {
        let words: Vec<String> = Words(&line).map(Cow::into_owned).collect();
        proptest::prop_assert!(words.len() <= line.len());
    }
}
