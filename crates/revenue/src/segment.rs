//! Region, industry and sales channel together as one number: a million accounts share a few
//! hundred combinations, so a filter looks at the combinations instead of the accounts.

use hashbrown::HashMap;

use crate::store::Names;

/// Every combination of region, industry and sales channel that some account has.
#[derive(Debug, Clone)]
pub struct Segments {
    /// Regions or branches.
    pub regions: Names,
    /// Industries.
    pub industries: Names,
    /// Sales channels.
    pub channels: Names,
    combinations: Vec<Segment>,
    index: HashMap<Segment, u32>,
}

/// Region, industry and sales channel as numbers; 0 is none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Segment {
    /// Number of the region.
    pub region: u32,
    /// Number of the industry.
    pub industry: u32,
    /// Number of the sales channel.
    pub channel: u32,
}

impl Default for Segments {
    fn default() -> Self {
        Self {
            regions: Names::default(),
            industries: Names::default(),
            channels: Names::default(),
            combinations: vec![Segment::default()],
            index: HashMap::from_iter([(Segment::default(), 0)]),
        }
    }
}

impl Segments {
    /// The combinations; their places are their numbers, and the first is "nothing known".
    #[must_use]
    pub fn all(&self) -> &[Segment] {
        &self.combinations
    }

    pub(crate) fn intern(&mut self, region: &str, industry: &str, channel: &str) -> u32 {
        let segment = Segment {
            region: self.regions.intern(region),
            industry: self.industries.intern(industry),
            channel: self.channels.intern(channel),
        };
        *self.index.entry(segment).or_insert_with(|| {
            self.combinations.push(segment);
            crate::store::dense(self.combinations.len() - 1)
        })
    }

    pub(crate) fn bytes(&self) -> usize {
        self.regions.bytes()
            + self.industries.bytes()
            + self.channels.bytes()
            + self.combinations.capacity() * size_of::<Segment>()
            + self.index.allocation_size()
    }
}
