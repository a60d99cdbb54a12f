"""The nouns, all frozen. They know neither files, nor network, nor database."""

from envscout.model.advisory import Advisory, Range
from envscout.model.deployment import Deployment, Event
from envscout.model.image import BaseImage, Content, File, Image, Layer
from envscout.model.package import Distribution, Inventory, Package
from envscout.model.problem import Problem

__all__ = [
    "Advisory",
    "BaseImage",
    "Content",
    "Deployment",
    "Distribution",
    "Event",
    "File",
    "Image",
    "Inventory",
    "Layer",
    "Package",
    "Problem",
    "Range",
]
