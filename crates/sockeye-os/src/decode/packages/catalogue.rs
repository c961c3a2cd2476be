//! Packages and the files they own, to be asked for by path.

use std::borrow::Cow;
use std::fmt;
use std::hash::BuildHasher as _;
use std::sync::Arc;

use hashbrown::{DefaultHashBuilder, HashMap};
use sockeye_core::answer::Package;

/// So many files of a root are kept in mind; a large workstation has one million.
const MOST_FILES: usize = 4 << 20;
/// Bytes of all their paths together: hostile headers name long directories over and over.
const MOST_PATH_BYTES: usize = 512 << 20;
/// The longest path that a system call takes (`PATH_MAX`, linux/limits.h).
const LONGEST_PATH: usize = 4096;
/// An alias may lead to another: /sbin to /usr/sbin to /usr/bin.
const ALIAS_STEPS: usize = 3;

/// Directories of a root that are links to others: a database may say `/bin/sh` where the kernel
/// says `/usr/bin/sh`.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Aliases(Vec<Alias>);

/// What paths below a directory begin with, and with what instead.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Alias {
    from: Box<[u8]>,
    to: Box<[u8]>,
}

impl Aliases {
    /// Whatever lies below `directory` lies below `target`; both without a slash at the end.
    pub fn add(&mut self, directory: &str, target: &str) {
        let prefix = |path: &str| format!("{path}/").into_bytes().into_boxed_slice();
        if directory != target {
            self.0.push(Alias { from: prefix(directory), to: prefix(target) });
        }
    }

    /// `path` as the kernel would say it.
    pub fn canonical<'a>(&self, path: &'a [u8]) -> Cow<'a, [u8]> {
        let mut path = Cow::Borrowed(path);
        for _ in 0..ALIAS_STEPS {
            let rest = |alias: &Alias| {
                path.strip_prefix(&*alias.from).map(|rest| [&*alias.to, rest].concat())
            };
            let Some(longer) = self.0.iter().find_map(rest) else { break };
            path = Cow::Owned(longer);
        }
        path
    }
}

/// Which package owns which file.
///
/// Paths are not kept, only what they hash to: a root has hundreds of thousands. Two of them have the
/// same 64 bits in one of 10⁸ such roots.
pub struct Catalogue {
    packages: Vec<Arc<Package>>,
    owners: HashMap<u64, u32>,
    aliases: Aliases,
    hasher: DefaultHashBuilder,
    path_bytes: usize,
    is_cut: bool,
}

impl Catalogue {
    /// An empty one, of a root with these `aliases`.
    pub fn new(aliases: Aliases) -> Self {
        Self {
            packages: Vec::new(),
            owners: HashMap::new(),
            aliases,
            hasher: DefaultHashBuilder::default(),
            path_bytes: 0,
            is_cut: false,
        }
    }

    /// Adds a package and says by which number its files are added; `None` when there are too many.
    pub fn add_package(&mut self, package: Package) -> Option<u32> {
        let number = u32::try_from(self.packages.len()).ok().filter(|_| !self.is_cut);
        self.is_cut |= number.is_none() || self.packages.len() >= MOST_FILES;
        self.packages.push(Arc::new(package));
        number
    }

    /// Adds a file by its full path. Where packages share one, the first of them owns it.
    pub fn add_file(&mut self, package: u32, path: &[u8]) {
        self.path_bytes = self.path_bytes.saturating_add(path.len());
        self.is_cut |= self.owners.len() >= MOST_FILES || self.path_bytes > MOST_PATH_BYTES;
        if self.is_cut || path.len() > LONGEST_PATH {
            return;
        }
        let key = self.hasher.hash_one(&*self.aliases.canonical(path));
        let owner = self.owners.entry(key).or_insert(package);
        *owner = package.min(*owner);
    }

    /// The package with this number.
    pub fn package(&self, number: u32) -> Option<&Arc<Package>> {
        self.packages.get(usize::try_from(number).ok()?)
    }

    /// The package that owns the file at `path`.
    pub fn owner_of(&self, path: &[u8]) -> Option<&Arc<Package>> {
        let key = self.hasher.hash_one(&*self.aliases.canonical(path));
        self.package(*self.owners.get(&key)?)
    }

    /// Whether there was more than it keeps.
    pub fn is_cut(&self) -> bool {
        self.is_cut
    }

    /// How many files it knows.
    pub fn len(&self) -> usize {
        self.owners.len()
    }

    /// Whether it knows no file.
    pub fn is_empty(&self) -> bool {
        self.owners.is_empty()
    }
}

/// Its size alone: what it holds is long.
impl fmt::Debug for Catalogue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Catalogue");
        shown.field("packages", &self.packages.len()).field("files", &self.owners.len());
        shown.finish_non_exhaustive()
    }
}
