"""The nouns, all frozen. They know neither files, nor network, nor database."""

from envscout.model.advisory import Advisory, Range
from envscout.model.counted import Counted, Numbers, Point, Remedy
from envscout.model.coverage import AsOf, Coverage, Reason, State
from envscout.model.deployment import Deployment, Event, Seen
from envscout.model.finding import LEVELS, Affected, Cvss, Epss, Finding, Kev, PackageRef, Summary, Suppression, word
from envscout.model.image import BaseImage, Content, File, Image, Layer
from envscout.model.looked import Document, Hung, Indexed, Looked
from envscout.model.news import NEWS_CAUSES, NEWS_KINDS, News, NewsCause, NewsFacts, NewsKind
from envscout.model.package import Distribution, Inventory, Package
from envscout.model.problem import Problem
from envscout.model.secret import Secret
from envscout.model.statement import Lapse, Product, Statement
from envscout.model.verdict import Verdict, VerdictState, Violation

__all__ = [
    "LEVELS",
    "NEWS_CAUSES",
    "NEWS_KINDS",
    "Advisory",
    "Affected",
    "AsOf",
    "BaseImage",
    "Content",
    "Counted",
    "Coverage",
    "Cvss",
    "Deployment",
    "Distribution",
    "Document",
    "Epss",
    "Event",
    "File",
    "Finding",
    "Hung",
    "Image",
    "Indexed",
    "Inventory",
    "Kev",
    "Lapse",
    "Layer",
    "Looked",
    "News",
    "NewsCause",
    "NewsFacts",
    "NewsKind",
    "Numbers",
    "Package",
    "PackageRef",
    "Point",
    "Problem",
    "Product",
    "Range",
    "Reason",
    "Remedy",
    "Secret",
    "Seen",
    "State",
    "Statement",
    "Summary",
    "Suppression",
    "Verdict",
    "VerdictState",
    "Violation",
    "word",
]
