"""Topics of posts: clusters that do not depend on chance, named from people's own words."""
